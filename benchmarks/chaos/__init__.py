"""A storm over the whole line: everything is killed and disturbed while people write, then it is counted what became of every message."""
