"""From the person to us: what the phone sends becomes the form Twilio posts to our webhook, and what became of it is shown on the phone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from gateway.simulator.addresses import OUR_NUMBER, Address
from gateway.simulator.faults import Faults
from gateway.simulator.keywords import REPLIES, Keyword, keyword
from gateway.simulator.media import EXAMPLES, Kind
from gateway.simulator.resources import API_VERSION
from gateway.simulator.segments import segments
from gateway.simulator.state import Media, Message, State, Thread
from gateway.simulator.webhooks import Webhooks

ListTaps = Literal["both", "list", "button"]
_PROFILE = "Demo person"


class NothingToTap(Exception):  # noqa: N818 (it is what it says)
    """No message on the phone shows such a button."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """Makes messages of people and posts them."""

    account: str
    webhook: str
    media_base: str
    state: State
    webhooks: Webhooks
    faults: Faults
    now: Callable[[], datetime]
    advanced_opt_out: bool = False
    """The number sits in a Messaging Service with Advanced Opt-Out: keywords are marked in the form, and work on WhatsApp too."""
    list_taps: ListTaps = "both"
    """How a tap on a list is told: as ListId and ListTitle, as ButtonPayload and ButtonText, or as both."""

    def write(
        self,
        person: Address,
        *,
        text: str = "",
        tap: tuple[str, str] | None = None,
        location: tuple[float, float] | None = None,
        media: Kind | None = None,
    ) -> tuple[Message, dict[str, str]]:
        """A message of a person and its form. It is on the phone from now on. Raises NothingToTap."""
        thread = self.state.thread(person)
        origin = self._origin(thread, *tap) if tap else None
        now = self.now()
        sid = ("MM" if media else "SM") + uuid4().hex
        body = tap[1] if tap else text
        message = Message(
            sid=sid,
            inbound=True,
            sender=person,
            recipient=Address(person.channel, OUR_NUMBER),
            body=body,
            status="received",
            created=now,
            updated=now,
            sent=now,
            segments=segments(body).count if person.channel == "sms" and not media else 1,
            media=(self._media(sid, media),) if media else (),
            location=location,
            tapped=tap[0] if tap else None,
        )
        thread.written = now
        thread.entries.append(message)
        thread.tell(message)
        self.state.keep(message)
        form = self._form(message, media)
        if tap and origin:
            form |= self._tap(tap, origin)
        word = keyword(body) if person.channel == "sms" or self.advanced_opt_out else None
        if word and not (word == "START" and body.strip().upper() == "YES" and not thread.stopped):
            # YES takes a STOP back; of somebody who never wrote STOP it is an ordinary answer.
            self._obey(thread, word)
            if self.advanced_opt_out:
                form["OptOutType"] = word
        return message, form

    async def post(self, message: Message, form: dict[str, str]) -> None:
        """Post a form to the webhook and show on the phone how that went."""
        fault = self.faults.take("duplicate_webhook", "lost_webhook", "delayed_webhook")
        if fault and fault.kind == "lost_webhook":
            message.hook, message.hook_detail = "unreachable", "lost on the way"
        else:
            if fault and fault.kind == "delayed_webhook":
                await asyncio.sleep(fault.seconds)
            outcome = await self.webhooks.post(self.webhook, form)
            if fault and fault.kind == "duplicate_webhook":
                await self.webhooks.post(self.webhook, form)
            message.hook, message.hook_detail = outcome.state, outcome.detail
        self.state.thread(message.person).tell(message)

    def _form(self, message: Message, media: Kind | None) -> dict[str, str]:
        form = {
            "AccountSid": self.account,
            "ApiVersion": API_VERSION,
            "Body": message.body,
            "From": str(message.sender),
            "MessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "NumSegments": str(message.segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": str(message.recipient),
        }
        for number, item in enumerate(message.media):
            form |= {f"MediaUrl{number}": item.url, f"MediaContentType{number}": item.content_type}
        if message.person.channel == "sms":
            return form | {"FromCountry": "US", "FromCity": "", "FromState": "", "FromZip": "", "ToCountry": "US"}
        form |= {
            "ChannelMetadata": '{"type":"whatsapp","data":{}}',
            "MessageType": EXAMPLES[media].message_type if media else "location" if message.location else "text",
            "ProfileName": _PROFILE,
            "WaId": message.person.number.removeprefix("+"),
        }
        if message.location:
            form |= {"Latitude": f"{message.location[0]:.6f}", "Longitude": f"{message.location[1]:.6f}"}
        return form

    def _tap(self, tap: tuple[str, str], origin: Message) -> dict[str, str]:
        form = {"OriginalRepliedMessageSid": origin.sid, "OriginalRepliedMessageSender": str(origin.sender)}
        listed = origin.shown is not None and origin.shown.kind == "list"
        form["MessageType"] = "interactive" if listed else "button"
        if listed and self.list_taps != "button":
            form |= {"ListId": tap[0], "ListTitle": tap[1]}
        if not listed or self.list_taps != "list":
            form |= {"ButtonPayload": tap[0], "ButtonText": tap[1]}
        return form

    def _origin(self, thread: Thread, payload: str, text: str) -> Message:
        for message in reversed(thread.entries):
            if message.shown and any((c.id, c.title) == (payload, text) for c in message.shown.choices):
                return message
        raise NothingToTap

    def _media(self, sid: str, kind: Kind) -> Media:
        media_sid = "ME" + uuid4().hex
        url = f"{self.media_base}/{API_VERSION}/Accounts/{self.account}/Messages/{sid}/Media/{media_sid}"
        return Media(media_sid, EXAMPLES[kind].content_type, kind, url)

    def _obey(self, thread: Thread, word: Keyword) -> None:
        if word != "HELP":
            thread.stopped = word == "STOP"
        now = self.now()
        note = Message(
            sid="SM" + uuid4().hex,
            inbound=False,
            sender=Address(thread.person.channel, OUR_NUMBER),
            recipient=thread.person,
            body=REPLIES[word],
            status="delivered",
            created=now,
            updated=now,
            note=True,
        )
        thread.entries.append(note)
        thread.tell(note)
