"""How fast the directory answers as it grows to a million services: `python -m benchmarks.directory`."""
