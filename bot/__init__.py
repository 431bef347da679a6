"""The assistant: its training data, its custom actions and the components that run inside Rasa."""
