"""Ways to a focal point: who can carry a letter by e-mail or SMS, and the letter itself. Without any, the editor is told so."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from typing import Protocol

from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one focal point. Its `repr` shows neither the address nor the link."""

    address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str


class SendError(Exception):
    """A letter has not left. `again`: worth another try later. Its text never quotes the address."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


class Sender(Protocol):
    """Somebody who carries letters over one channel."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises SendError."""
        ...


Senders = Mapping[str, Sender]
"""By channel (`email`, `sms`): what this copy can do. The composition root makes it; the SMS comes from the gateway."""


class EmailSender:
    """Letters through the SMTP server of the settings. A new connection for each: there are a few a day."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, letter: Letter) -> None:
        if not letter.address.isascii() or len(letter.address.split()) != 1 or "@" not in letter.address:
            raise SendError("refused", again=False)  # a line break in it would be a header of its own
        # The older classes: the newer ones lose blanks when they fold a long subject of Bengali or Lao.
        message = MIMEText(letter.body, "plain", "utf-8")
        message["From"] = str(self._settings.smtp_from)
        message["To"] = letter.address
        message["Subject"] = Header(letter.subject, "utf-8")  # type: ignore[assignment]
        message["Content-Language"] = letter.language
        message["Date"] = formatdate()
        message["Auto-Submitted"] = "auto-generated"  # so that an absence notice does not answer it
        message["Message-ID"] = make_msgid(domain=str(self._settings.smtp_from).rpartition("@")[2])
        try:
            self._send(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise SendError("refused", again=all(400 <= code < 500 for code in codes)) from None
        except smtplib.SMTPResponseException as error:
            raise SendError("refused", again=400 <= error.smtp_code < 500) from None
        except (OSError, smtplib.SMTPException):
            raise SendError("unreachable", again=True) from None

    def _send(self, message: MIMEText) -> None:
        settings = self._settings
        host, port, timeout = settings.smtp_host or "", settings.smtp_port, settings.smtp_timeout.total_seconds()
        context = ssl.create_default_context()
        if settings.smtp_security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            connection = smtplib.SMTP(host, port, timeout=timeout)
        with connection:
            if settings.smtp_security == "starttls":
                connection.starttls(context=context)
            if settings.smtp_user and settings.smtp_password:
                connection.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            connection.send_message(message)


def email_senders(settings: Settings) -> dict[str, Sender]:
    """The e-mail sender when the settings name a server, else none."""
    return {"email": EmailSender(settings)} if settings.smtp_host and settings.smtp_from else {}
