"""The language of somebody who has not chosen one yet."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.encryption import DecryptionError
from gateway.asked import written_until
from gateway.models import Message
from gateway.wording import Wording, clean

_RECENT = 5
"""Messages that are looked at."""


def guess_language(wording: Wording, session: Session, message: Message) -> str | None:
    """The language of this message or, when it is a digit, of those before it."""
    earlier = session.scalars(select(Message).where(written_until(message)).order_by(Message.seq.desc()).limit(_RECENT))
    for candidate in earlier:
        try:
            text = clean(candidate.body or "")[:500]
        except DecryptionError:
            # An old message that cannot be opened any more must not keep a new one from being answered.
            continue
        guess = wording.guess(text) if text else None
        if guess in wording.codes:
            return guess
    return None
