"""The composition root: command line, web application, processes started together."""
