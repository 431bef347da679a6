"""What happens to a message after Twilio took it: it reaches the phone, and each step is told to the sender's status callback."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.simulator.errors import LATER
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.resources import API_VERSION
from gateway.simulator.state import Message, Thread
from gateway.simulator.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Courier:
    """Takes messages to phones."""

    account: str
    webhooks: Webhooks
    faults: Faults
    pace: float
    """Seconds between the steps of a message."""
    now: Callable[[], datetime]

    async def deliver(self, message: Message, thread: Thread, error: int | None) -> None:
        """Take one message to its phone, or fail with `error`. There is no callback for the first status, `queued`."""
        spoiled = self.faults.take("undelivered")
        if error is None and spoiled is not None:
            error = spoiled.code
        disturbed = self.faults.take("duplicate_callbacks", "reversed_callbacks", "lost_callbacks")
        steps = ["undelivered"] if error else ["sent", "delivered"]
        told: list[dict[str, str]] = []
        for step in steps:
            await asyncio.sleep(self.pace)
            message.status, message.updated = step, self.now()
            if step == "undelivered":
                message.error = error
            if step == "sent":
                message.sent = message.updated
            if message not in thread.entries:
                thread.entries.append(message)
            thread.tell(message)
            told.append(self._form(message))
            if disturbed is None:
                await self._tell(message, told.pop())
        if disturbed is not None:
            await self._disturb(message, told, disturbed)
        if thread.watchers:
            await self.read(message, thread)

    async def read(self, message: Message, thread: Thread) -> None:
        """WhatsApp tells when the person has the conversation open."""
        if message.inbound or message.note or message.status != "delivered" or thread.person.channel != "whatsapp":
            return
        message.status, message.updated = "read", self.now()
        thread.tell(message)
        await self._tell(message, self._form(message) | {"EventType": "READ"})

    async def _disturb(self, message: Message, told: list[dict[str, str]], fault: Fault) -> None:
        if fault.kind == "lost_callbacks":
            return
        forms = told[::-1] if fault.kind == "reversed_callbacks" else [form for form in told for _ in range(2)]
        for form in forms:
            await self._tell(message, form)

    async def _tell(self, message: Message, form: dict[str, str]) -> None:
        if message.callback:
            await self.webhooks.post(message.callback, form)  # best effort: a callback that fails is not told again

    def _form(self, message: Message) -> dict[str, str]:
        form = {
            "AccountSid": self.account,
            "ApiVersion": API_VERSION,
            "From": str(message.sender),
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": str(message.recipient),
        }
        if message.recipient.channel == "whatsapp":
            form |= {"ChannelPrefix": "whatsapp", "ChannelToAddress": str(message.recipient)}
            form["StructuredMessage"] = "true" if message.content_sid else "false"
        if message.error:
            form |= {"ErrorCode": str(message.error), "ErrorMessage": LATER.get(message.error, "Unknown error")}
        return form
