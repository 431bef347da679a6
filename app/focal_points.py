"""How this copy reaches the focal points of organizations: e-mail from its settings, SMS through the gateway's way to Twilio.

Not the outbox of conversations: a focal point is nobody who asks for help, and no row of theirs may stand among those who do.
"""

from core.settings import Settings
from directory.review.sending import Letter, Sender, SendError, email_senders
from gateway.errors import MaybeSent, NotSent, Refused
from gateway.gateway import Gateway
from gateway.twilio_client import MessageProvider, Outgoing
from gateway.webhooks import STATUS


class SmsSender:
    """Letters as SMS from a number of ours that is named in the settings."""

    def __init__(self, provider: MessageProvider, settings: Settings, number: str) -> None:
        self._provider = provider
        self._number = number
        self._callback = settings.public_base() + STATUS

    def send(self, letter: Letter) -> None:
        message = Outgoing(to=letter.address, sender=self._number, status_callback=self._callback, body=letter.body)
        try:
            self._provider.send(message)
        except (NotSent, MaybeSent):
            raise SendError("unreachable", again=True) from None
        except Refused:
            raise SendError("refused", again=False) from None


def make_senders(settings: Settings, gateway: Gateway) -> dict[str, Sender]:
    """By channel, what the settings allow. Empty: links are handed over by hand."""
    senders = email_senders(settings)
    if settings.directory_sms_from:
        senders["sms"] = SmsSender(gateway.provider, settings, settings.directory_sms_from)
    return senders
