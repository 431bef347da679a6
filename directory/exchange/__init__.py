"""Files into the directory and out of it: read, looked at, applied, undone.

source = Source.of(path)                    # UnreadableError
plan = dry_run(session, source, by=user)    # writes nothing
applied = apply(session, source, by=user, plan=plan)
undo(session, applied.batch.id, by=user)
"""

from directory.exchange.applying import Applied, apply, batches, dry_run
from directory.exchange.formats import FORMATS, Source, spooled
from directory.exchange.plan import Outcome, Plan
from directory.exchange.undoing import Left, Undone, undo

__all__ = [
    "FORMATS",
    "Applied",
    "Left",
    "Outcome",
    "Plan",
    "Source",
    "Undone",
    "apply",
    "batches",
    "dry_run",
    "spooled",
    "undo",
]
