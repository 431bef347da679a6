"""The stand-in as one object: its memory, its faults, its couriers, and the tasks that run behind its answers."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from core.logging import get_logger
from core.settings import Settings, SettingsError
from gateway.simulator.addresses import Address
from gateway.simulator.contents import Contents
from gateway.simulator.delivery import Courier
from gateway.simulator.faults import Faults
from gateway.simulator.inbound import Inbound, ListTaps
from gateway.simulator.media import Kind
from gateway.simulator.rules import Order, later
from gateway.simulator.segments import segments
from gateway.simulator.state import Media, Message, State, Thread
from gateway.simulator.webhooks import Webhooks

log = get_logger("gateway.simulator")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """Twilio and the phones of people, in one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        pace: float = 0.15,
        now: Callable[[], datetime] = _utc_now,
        webhook: str | None = None,
        advanced_opt_out: bool = False,
        list_taps: ListTaps = "both",
    ) -> None:
        if not settings.demonstration:
            raise SettingsError("the stand-in of Twilio runs in a demonstration only: set WAYMARK_DEMONSTRATION=1")
        if not settings.twilio_account_sid or settings.twilio_auth_token is None:
            raise SettingsError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed by the stand-in of Twilio too")
        self.account = settings.twilio_account_sid
        self.token = settings.twilio_auth_token.get_secret_value()
        self._clock = now
        self.ahead = timedelta(0)
        """How far the stand-in's clock was put forward: a day passes without anybody waiting for it."""
        self.state = State()
        self.faults = Faults()
        self.contents = Contents(settings.data_dir / "phone" / "contents.json")
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        webhooks = Webhooks(settings, self._client)
        self._courier = Courier(self.account, webhooks, self.faults, pace, self.now)
        self.inbound = Inbound(
            account=self.account,
            webhook=webhook or f"{settings.public_base()}/twilio/messages",
            media_base=settings.twilio_api_url or f"http://127.0.0.1:{settings.port_of('phone')}",
            state=self.state,
            webhooks=webhooks,
            faults=self.faults,
            now=self.now,
            advanced_opt_out=advanced_opt_out,
            list_taps=list_taps,
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> datetime:
        """The time here."""
        return self._clock() + self.ahead

    def accept(self, order: Order) -> Message:
        """Take a message that the rules let pass, and let it travel."""
        now = self.now()
        channel = order.recipient.channel
        message = Message(
            sid=("MM" if order.media else "SM") + uuid4().hex,
            inbound=False,
            sender=order.sender,
            recipient=order.recipient,
            body=order.body,
            status="queued",
            created=now,
            updated=now,
            segments=segments(order.body).count if channel == "sms" and not order.media else 1,
            media=tuple(Media("ME" + uuid4().hex, "application/octet-stream", None, url) for url in order.media),
            shown=order.shown,
            content_sid=order.content.sid if order.content else None,
            callback=order.callback,
        )
        thread = self.state.thread(order.recipient)
        self.state.keep(message)
        self._run(self._courier.deliver(message, thread, later(order, thread, now)))
        return message

    def send(
        self,
        person: Address,
        *,
        text: str = "",
        tap: tuple[str, str] | None = None,
        location: tuple[float, float] | None = None,
        media: Kind | None = None,
    ) -> Message:
        """Let a person write. Raises NothingToTap."""
        message, form = self.inbound.write(person, text=text, tap=tap, location=location, media=media)
        self._run(self.inbound.post(message, form))
        return message

    def opened(self, thread: Thread) -> None:
        """The person looks at the thread: what was delivered is read now."""
        for message in thread.entries:
            if message.status == "delivered":
                self._run(self._courier.read(message, thread))

    async def close(self) -> None:
        """End what still travels."""
        for task in self._tasks:
            task.cancel()
        for task in tuple(self._tasks):
            with suppress(asyncio.CancelledError):
                await task
        await self._client.aclose()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a message of the stand-in went astray", exc_info=error)
