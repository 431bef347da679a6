"""The same dialogue as Rasa's own documentation would build it: what `make bench` measures Waymark against. Never shipped."""
