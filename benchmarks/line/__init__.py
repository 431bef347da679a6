"""`make bench`: Waymark's whole line and the same dialogue on stock Rasa, measured side by side in one run."""
