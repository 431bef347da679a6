"""What runs inside Rasa's interpreter (Python 3.10): understanding, channel, tracker store, launcher. Imports nothing else of ours."""
