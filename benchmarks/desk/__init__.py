"""How fast the desk's queue stands on the screen when a line is overrun: ten thousand open cases, a real server, a real browser."""
