"""The channels: webhooks in, reading, rendering, outbox out, delivery status, and the phone simulator."""
