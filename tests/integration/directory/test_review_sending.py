"""A focal point gets a neutral message in their language, through a real mail server; and when nothing can be sent, it is said."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from sqlalchemy.orm import Session

from app.focal_points import SmsSender, make_senders
from core.settings import Settings, SettingsError, read_settings
from directory.review.asking import ask, link_of, token_of, unsent
from directory.review.letters import deliver, letter
from directory.review.models import VerificationRequest
from directory.review.sending import EmailSender, Letter, Sender, SendError
from directory.review.words import LANGUAGES, focal_words
from gateway.errors import MaybeSent, NotSent, Refused
from gateway.segments import count_segments
from gateway.twilio_client import Accepted, Outgoing
from tests.integration.directory.entries import Clock, entry, published
from tests.integration.directory.test_review_verification import BASE, POLICY, focal_point


class Mailbox:
    """What a real mail server on this machine was given; `answer` is what it says to a recipient."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.received.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


class AnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_settings(mailbox: Mailbox, settings: Settings) -> Iterator[Settings]:
    controller = AnyPort(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    yield settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": controller.port,
            "smtp_security": "none",
            "smtp_from": "desk@waymark.example",
        }
    )
    controller.stop()


def request_of(session: Session, **values: object) -> VerificationRequest:
    service = published(session, entry(**(values.pop("entry", None) or {})))  # type: ignore[arg-type]
    focal_point(session, service, **values)
    return ask(session, service.id, policy=POLICY, at=Clock()())[0]


def test_a_letter_arrives_with_its_link_and_is_written_down(
    session: Session, mail_settings: Settings, mailbox: Mailbox
) -> None:
    request = request_of(session, language="bn")
    at = Clock()(minutes=3)
    deliver(session, request.id, {"email": EmailSender(mail_settings)}, base=BASE, at=at)
    (mail,) = mailbox.received
    assert (mail["To"], mail["From"], mail["Content-Language"]) == ("focal@house.example", "desk@waymark.example", "bn")
    assert mail["Subject"] == focal_words("bn").say("mail_subject_first")
    body = mail.get_content()
    assert link_of(request, BASE) in body.split()
    assert "Night beds (example)" in body
    assert (request.sent_at, request.send_error) == (at, None)
    request.reminders = 1
    deliver(session, request.id, {"email": EmailSender(mail_settings)}, base=BASE, at=at)
    assert mailbox.received[1]["Subject"] == focal_words("bn").say("mail_subject_reminder")


def test_an_answered_or_expired_request_is_not_sent(
    session: Session, mail_settings: Settings, mailbox: Mailbox
) -> None:
    request = request_of(session)
    senders: dict[str, Sender] = {"email": EmailSender(mail_settings)}
    deliver(session, request.id, senders, base=BASE, at=request.expires_at)
    request.answered_at = Clock()()
    deliver(session, request.id, senders, base=BASE, at=Clock()())
    assert mailbox.received == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_nothing_confidential_and_no_name_of_a_hidden_house_is_in_a_letter(
    session: Session, language: str, channel: str
) -> None:
    request = request_of(
        session, language=language, channel=channel, entry={"name": "Blue door", "is_confidential": True}
    )
    for request.reminders in (0, 1):
        from directory.models import Service
        from directory.review.models import FocalPoint

        made = letter(
            request,
            session.get_one(FocalPoint, request.focal_point_id),
            session.get_one(Service, request.service_id),
            base=BASE,
        )
        said = f"{made.subject}\n{made.body}"
        assert "Blue door" not in said
        assert "Example House" not in said
        assert said.count(token_of(request)) == 1
        assert token_of(request) not in repr(made)
        if channel == "sms":
            assert count_segments(made.body).segments <= 3


@pytest.mark.parametrize(("answer", "again"), [("550 no such user", False), ("451 later", True)])
def test_a_refusal_for_good_is_written_down_and_another_is_tried_again(
    session: Session, mail_settings: Settings, mailbox: Mailbox, answer: str, again: object
) -> None:
    request = request_of(session)
    mailbox.answer = answer
    if again:
        with pytest.raises(SendError):
            deliver(session, request.id, {"email": EmailSender(mail_settings)}, base=BASE, at=Clock()())
    else:
        deliver(session, request.id, {"email": EmailSender(mail_settings)}, base=BASE, at=Clock()())
    assert (request.sent_at, request.send_error) == (None, "refused")


def test_without_a_way_to_send_the_links_wait_to_be_handed_over(session: Session, settings: Settings) -> None:
    request = request_of(session)
    assert unsent(session, at=Clock()()) == []
    deliver(session, request.id, {}, base=BASE, at=Clock()())
    assert request.send_error == "no_sender"
    assert unsent(session, at=Clock()()) == [request]


def test_a_mail_server_that_is_not_there_is_tried_again_and_no_error_names_the_address(settings: Settings) -> None:
    gone = settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_from": "a@b.example"})
    with pytest.raises(SendError) as caught:
        EmailSender(gone).send(Letter("focal@house.example", "s", "b", "en"))
    assert (caught.value.reason, caught.value.again) == ("unreachable", True)
    assert "house.example" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example\nBcc: c@d.example", "a@b.example c@d.example"])
def test_an_address_that_is_none_is_refused_before_anything_is_said(mail_settings: Settings, address: str) -> None:
    with pytest.raises(SendError) as caught:
        EmailSender(mail_settings).send(Letter(address, "s", "b", "en"))
    assert not caught.value.again


def test_a_server_that_offers_no_protection_gets_no_letter(mail_settings: Settings, mailbox: Mailbox) -> None:
    asking = mail_settings.model_copy(update={"smtp_security": "starttls"})
    with pytest.raises(SendError):
        EmailSender(asking).send(Letter("focal@house.example", "s", "b", "en"))
    assert mailbox.received == []
    assert issubclass(smtplib.SMTPNotSupportedError, smtplib.SMTPException)


def test_a_mail_server_needs_an_address_to_write_from() -> None:
    with pytest.raises(SettingsError, match="WAYMARK_SMTP_FROM"):
        read_settings(smtp_host="mail.example")


class Provider:
    """Twilio's place: keeps what it is given, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[Outgoing] = []

    def send(self, message: Outgoing) -> Accepted:
        if self.error:
            raise self.error
        self.sent.append(message)
        return Accepted("SM1", "queued", 1)


def test_an_sms_goes_through_the_gateways_provider(settings: Settings) -> None:
    provider = Provider()
    SmsSender(provider, settings, "+15005550006").send(Letter("+15005550123", "", "Look: link", "en"))  # type: ignore[arg-type]
    (message,) = provider.sent
    assert (message.to, message.sender, message.body) == ("+15005550123", "+15005550006", "Look: link")


@pytest.mark.parametrize(
    ("error", "again"), [(NotSent("unreachable"), True), (MaybeSent(), True), (Refused("21211"), False)]
)
def test_what_twilio_says_is_what_the_job_hears(settings: Settings, error: Exception, again: object) -> None:
    with pytest.raises(SendError) as caught:
        SmsSender(Provider(error), settings, "+15005550006").send(Letter("+15005550123", "", "x", "en"))  # type: ignore[arg-type]
    assert caught.value.again is again


def test_a_copy_can_do_what_its_settings_name(settings: Settings) -> None:
    class Gateway:
        provider = Provider()

    assert make_senders(settings, Gateway()) == {}  # type: ignore[arg-type]
    able = settings.model_copy(
        update={"smtp_host": "m", "smtp_from": "a@b.example", "directory_sms_from": "+15005550006"}
    )
    assert set(make_senders(able, Gateway())) == {"email", "sms"}  # type: ignore[arg-type]
