"""What the stand-in remembers while it runs: phones with their threads, and messages. Bounded, in memory only."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from gateway.simulator.addresses import Address
from gateway.simulator.contents import Shown
from gateway.simulator.media import Kind

THREADS = 5000
MESSAGES = 60000
"""A load test writes and answers tens of thousands, and counts every one of them afterwards."""
ENTRIES = 300
"""Messages one phone shows. More is scrolled by nobody, and would be sent again at each reconnection."""
SESSION = timedelta(hours=24)
"""WhatsApp lets us write freely for so long after the person's last message."""

Hook = Literal["pending", "accepted", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file in a message: its id at Twilio, its type, and which of our example files it is (None: the sender's address)."""

    sid: str
    content_type: str
    name: Kind | None
    url: str


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message, in or out, and what became of it."""

    sid: str
    inbound: bool
    sender: Address
    recipient: Address
    body: str
    status: str
    created: datetime
    updated: datetime
    sent: datetime | None = None
    segments: int = 1
    media: tuple[Media, ...] = ()
    shown: Shown | None = None
    content_sid: str | None = None
    callback: str | None = None
    error: int | None = None
    location: tuple[float, float] | None = None
    tapped: str | None = None
    """The id of the button a person tapped."""
    hook: Hook = "pending"
    """Of what a person wrote: what the webhook did with it."""
    hook_detail: str = ""
    note: bool = False
    """Written by the network, not by us: it is on the phone and nowhere else."""

    @property
    def person(self) -> Address:
        return self.sender if self.inbound else self.recipient


@dataclass(slots=True, eq=False)
class Thread:
    """A person's phone on one channel."""

    person: Address
    id: str = field(default_factory=lambda: uuid4().hex)
    """Names the thread in addresses of pages: a phone number in an address ends up in histories and logs."""
    entries: deque[Message] = field(default_factory=lambda: deque(maxlen=ENTRIES))
    written: datetime | None = None
    """When the person last wrote."""
    stopped: bool = False
    watchers: set[asyncio.Queue[Message | None]] = field(default_factory=set)

    def window_open(self, now: datetime) -> bool:
        """Whether WhatsApp lets a free message through."""
        return self.written is not None and now - self.written < SESSION

    def tell(self, message: Message) -> None:
        """Show a message, new or changed, to whoever has this phone open."""
        for queue in tuple(self.watchers):
            if queue.full():  # a page that does not read is cut off; it comes back and gets the whole thread
                self.watchers.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)


class State:
    """Threads and messages; when there are too many, the ones untouched for longest go."""

    def __init__(self) -> None:
        self.messages: OrderedDict[str, Message] = OrderedDict()
        self._threads: OrderedDict[Address, Thread] = OrderedDict()
        self._by_id: dict[str, Thread] = {}

    def thread(self, person: Address) -> Thread:
        """The thread of a person, made when it is new."""
        thread = self._threads.get(person)
        if thread is None:
            thread = self._threads[person] = Thread(person)
            self._by_id[thread.id] = thread
            while len(self._threads) > THREADS:
                _, gone = self._threads.popitem(last=False)
                del self._by_id[gone.id]
        self._threads.move_to_end(person)
        return thread

    def known(self, person: Address) -> Thread | None:
        """The thread of a person when there is one."""
        return self._threads.get(person)

    def thread_by_id(self, thread_id: str) -> Thread | None:
        return self._by_id.get(thread_id)

    def keep(self, message: Message) -> None:
        """Keep a message for the API."""
        self.messages[message.sid] = message
        while len(self.messages) > MESSAGES:
            self.messages.popitem(last=False)

    def find(self, **wanted: Any) -> list[Message]:
        """Messages whose attributes have these values, newest first, as Twilio lists them."""
        found = [m for m in self.messages.values() if all(getattr(m, key) == value for key, value in wanted.items())]
        return found[::-1]
