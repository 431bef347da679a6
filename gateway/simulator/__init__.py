"""A local stand-in of Twilio and of a person's phone: the demonstration and the tests talk to it, and it refuses what Twilio refuses."""
