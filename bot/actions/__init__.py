"""The custom actions of the assistant: what to ask and to say next, and when a person takes over."""
