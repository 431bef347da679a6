"""Practice: invented cases to learn the desk on. Nothing in this package knows a conversation, a queue or a way to send."""
