"""Tables of people, conversations, consents, cases and the staff who work on them."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, Identified, now
from core.encryption import Encrypted
from core.person_keys import Owner

OWNERS = ("bot", "desk", "closed")
LEVELS = ("E", "U", "P", "R")
"""Levels of a case, most urgent first (protocol 2.3). Level I stores no case."""
HOLDS = ("duress", "other_person", "not_safe", "delivery_failed")
"""Why nobody may write to a person first, most serious first."""
CONSENT_WAYS = ("channel", "written", "call", "in_person")
ROLES = ("caseworker", "supervisor", "directory_editor", "directory_approver", "administrator", "auditor")
"""What somebody may do (desk/permissions.py). A user holds one or several."""
OUTCOMES = (
    "helped", "referred", "information_only", "not_reachable", "moved", "declined", "wrong_number", "test", "abusive",
)  # fmt: skip

NEEDS_MET = ("yes", "partly", "no")
"""Whether what the person needed was met when a case was closed; which need it was stays encrypted."""


def one_of(column: str, values: tuple[str, ...]) -> str:
    """SQL of a check that a column holds one of some words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


OF_PERSON = Owner("SELECT CAST(:owner AS uuid)", "SELECT CAST(:person AS uuid)")
OF_CONVERSATION = Owner(
    "SELECT person_id FROM conversation WHERE id = :owner", "SELECT id FROM conversation WHERE person_id = :person"
)
OF_CASE = Owner(
    'SELECT c.person_id FROM conversation AS c JOIN "case" AS k ON k.conversation_id = c.id WHERE k.id = :owner',
    'SELECT k.id FROM conversation AS c JOIN "case" AS k ON k.conversation_id = c.id WHERE c.person_id = :person',
)
"""How the rows that tell of a person lead to them: each is sealed with that person's own key (core/person_keys.py)."""


class PersonKey(Base):
    """The data key of a person, sealed. It goes with the person, or before: then what it sealed is unreadable, in old backups too."""

    __tablename__ = "person_key"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    kek: Mapped[str]
    """Id of the key that sealed it."""
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now, server_default=func.now())


class HashKey(Base):
    """A key of the hashes that something is still found by; a process that lacks it takes no message in (core/hash_keys.py)."""

    __tablename__ = "hash_key"
    __table_args__ = (Index("uq_hash_key_writes", "writes", unique=True, postgresql_where=text("writes")),)

    name: Mapped[str] = mapped_column(primary_key=True)
    """Derived from the key; leads to nothing."""
    writes: Mapped[bool]
    since: Mapped[datetime] = mapped_column(default=now, server_default=func.now())


class Person(Identified, Base):
    """Somebody who wrote: known by the keyed hash of their number, which is kept encrypted."""

    __tablename__ = "person"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    phone_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    retired_at: Mapped[datetime | None]
    """The number was silent for so long that it may be somebody else's: nothing is sent to it in this person's name any more."""

    phone = Encrypted(OF_PERSON)


class Conversation(Identified, Base):
    """One person on one channel with one of our numbers. `epoch` rises at every change of owner: output of an older epoch is dropped."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("person_id", "channel", "our_address"),
        CheckConstraint(one_of("owner", OWNERS), name="owner"),
        CheckConstraint("channel IN ('sms', 'whatsapp')", name="channel"),
        CheckConstraint(one_of("hold", HOLDS), name="hold"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    channel: Mapped[str]
    our_address: Mapped[str]
    """The number of ours the person wrote to; replies come from it."""
    language: Mapped[str | None]
    owner: Mapped[str] = mapped_column(default="bot")
    epoch: Mapped[int] = mapped_column(default=0)
    new_session: Mapped[bool] = mapped_column(default=True)
    """The next turn starts the bot afresh."""
    session_seq: Mapped[int | None] = mapped_column(BigInteger)
    """The message that began the bot's session: questions from before it can no longer be answered."""
    opted_out: Mapped[bool] = mapped_column(default=False)
    opt_out_pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    """STOP was read and is being confirmed: when the sending of that ended, `opted_out` is set."""
    locked_at: Mapped[datetime | None]
    """Somebody wrote after a pause and has not shown yet that they are the person: nothing of before is shown."""
    wrong_words: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Tries at the safe word that were wrong since the lock."""
    safe_word_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    duress_word_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    other_number_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A number the person would rather be called on."""
    shared_phone: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Others use or read this phone, or may."""
    hold: Mapped[str | None]
    """Why nobody may write first (HOLDS). The bot still answers what it is asked."""
    erasure_asked_at: Mapped[datetime | None]
    """The person asked for erasure while an urgent case was open: a human looks first, for a limited time."""
    last_inbound_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    other_number = Encrypted(OF_PERSON, through="person_id")
    person: Mapped[Person] = relationship()

    @property
    def silent(self) -> bool:
        """The person wrote STOP: nothing is sent but the confirmation."""
        return self.opted_out or self.opt_out_pending


class Consent(Identified, Base):
    """One answer to one request for consent: what was shown, in which language, when."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("kind IN ('talk', 'contact', 'referral', 'team')", name="kind"),
        CheckConstraint(one_of("how", CONSENT_WAYS), name="how"),
    )

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    given: Mapped[bool]
    language: Mapped[str]
    text_version: Mapped[str]
    how: Mapped[str] = mapped_column(default="channel", server_default="channel")
    """How it was given: `channel` the bot asked, else a caseworker wrote down what the person said (CONSENT_WAYS)."""
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who wrote it down."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class User(Identified, Base):
    """A staff account. The password may be absent until the first sign-in by a one-time link."""

    __tablename__ = "staff_user"
    __table_args__ = (
        CheckConstraint(f"roles <@ ARRAY[{', '.join(repr(role) for role in ROLES)}]::varchar[]", name="roles"),
        CheckConstraint("cardinality(roles) > 0", name="some_role"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String), default=lambda: ["caseworker"])
    """Assign a new list to change it: what is appended is not stored."""
    password_hash: Mapped[str | None]
    second_factor_at: Mapped[datetime | None]
    """Since when a second factor is asked for at every sign-in; None: there is none."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Team(Identified, Base):
    """Colleagues who share cases, by the countries and languages they serve. Empty: any; the default team takes what no other serves."""

    __tablename__ = "team"
    __table_args__ = (Index("uq_team_default", "is_default", unique=True, postgresql_where=text("is_default")),)

    name: Mapped[str] = mapped_column(unique=True)
    languages: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    countries: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class TeamMember(Base):
    """A user of a team."""

    __tablename__ = "team_member"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True, index=True)


class Duty(Identified, Base):
    """A weekly shift of a colleague for a team (cases/rota.py). Clock times hold in `time_zone`, through changes of the clock."""

    __tablename__ = "duty"
    __table_args__ = (
        CheckConstraint("weekdays <@ ARRAY[0, 1, 2, 3, 4, 5, 6] AND cardinality(weekdays) > 0", name="weekdays"),
        CheckConstraint("last_day IS NULL OR last_day >= first_day", name="days"),
        CheckConstraint("rank BETWEEN 1 AND 3", name="rank"),
    )

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """0 is Monday."""
    starts: Mapped[time]
    ends: Mapped[time]
    """Not after `starts`: the shift ends on the next day."""
    time_zone: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    """Languages of people whom this colleague can answer; empty: all the team serves."""
    rank: Mapped[int] = mapped_column(default=1, server_default="1")
    """1: first on call, who reads; 2: second on call and 3: duty manager, who are called when nobody takes a case in time."""
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship()
    team: Mapped[Team] = relationship()


class Case(Identified, Base):
    """Work for a person: level, the rules that fired and the answers (encrypted), who holds it and until when a first action is due."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint(one_of("level", LEVELS), name="level"),
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint(one_of("needs_met", NEEDS_MET), name="needs_met"),
        # Two open cases of one conversation would be worked on by two people who do not know of each other.
        Index("uq_case_open_conversation", "conversation_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_case_queue", "state", "level", "opened_at"),
    )

    number: Mapped[int] = mapped_column(Identity(start=11), unique=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), index=True)
    """Whose case it is: nobody else learns that it exists."""
    level: Mapped[str]
    reason: Mapped[str]
    """Why it was opened or handed over last, as a message key of the desk (`danger`, `asks_human`, `bot_failure`, …)."""
    screening_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON: rules, needs, answers."""
    contact: Mapped[str | None]
    """What the person allowed: `write_here`, `later`, `no`; None: not asked."""
    state: Mapped[str] = mapped_column(default="open")
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    escalated: Mapped[int] = mapped_column(default=0, server_default="0")
    """Steps taken because nobody had taken it in its time (gateway/waiting.py): 1 the second on call, 2 the duty manager."""
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    needs_met: Mapped[str | None]
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """Out of sight until then, unless the person writes before (desk/queue.py). Whoever holds the case goes on holding it."""

    screening = Encrypted(OF_CONVERSATION, through="conversation_id")
    conversation: Mapped[Conversation] = relationship()
    assignee: Mapped[User | None] = relationship()
    team: Mapped[Team] = relationship()

    @property
    def reference(self) -> str:
        """What may be said in a message: `K47` tells a reader nothing."""
        return f"K{self.number}"


class CaseEvent(Identified, Base):
    """What happened to a case, who did it and when. Details hold ids, levels and keys, never content."""

    __tablename__ = "case_event"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User | None] = relationship()


class Complaint(Identified, Base):
    """A complaint about staff or a place (PSEA). No case and no caseworker leads to it: cases/complaints.py says who may read it.

    It outlives the conversation that it came from: deleting a conversation must not delete what was said against the team.
    """

    __tablename__ = "complaint"

    number: Mapped[int] = mapped_column(Identity(start=11), unique=True)
    conversation_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"), index=True)
    language: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    read_at: Mapped[datetime | None]
    noticed_at: Mapped[datetime | None]
    """When its reader was told by mail that it waits (cases/complaint_notice.py)."""
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    erasure_asked_at: Mapped[datetime | None] = mapped_column(index=True)
    """The person asked for erasure: the words go, once they were read, or after the time to check (cases/erasure.py)."""

    conversation: Mapped[Conversation | None] = relationship()
    words: Mapped[list["ComplaintWords"]] = relationship(order_by="ComplaintWords.created_at, ComplaintWords.id")

    @property
    def reference(self) -> str:
        """Not of the same series as the cases', so that neither tells of the other."""
        return f"C{self.number}"


class ComplaintWords(Identified, Base):
    """What somebody wrote as a complaint, one row a message."""

    __tablename__ = "complaint_words"

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID] = mapped_column(unique=True)
    """The message it came in, whose own text is gone."""
    body_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)

    body = Encrypted()


class ComplaintEvent(Identified, Base):
    """Who did what with a complaint: kept, read, closed, erased."""

    __tablename__ = "complaint_event"

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User | None] = relationship()


class Signal(Base):
    """The most urgent level that a conversation reached without consent, for a day (cases/signals.py)."""

    __tablename__ = "signal"
    __table_args__ = (CheckConstraint(one_of("level", LEVELS), name="level"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RetentionRun(Identified, Base):
    """One run of the retention schedule: what was deleted, in numbers only. The row that proves that it ran."""

    __tablename__ = "retention_run"

    conversations: Mapped[int]
    people: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)


class OwnedChange(Identified, Base):
    """A change of what people who run the service own (cases/owned.py), and so the history of it: who, when, from what, to what."""

    __tablename__ = "owned_change"
    __table_args__ = (
        CheckConstraint("kind IN ('setting', 'text', 'number')", name="kind"),
        CheckConstraint("state IN ('waiting', 'in_force', 'refused')", name="state"),
        Index("uq_owned_change_waiting", "kind", "name", unique=True, postgresql_where=text("state = 'waiting'")),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    """A field of the settings; `<language>:<key>` of a text; a country."""
    before: Mapped[dict[str, Any] | None]
    value: Mapped[dict[str, Any] | None]
    """`{"value": …}`, or the fields of a number. None: what the environment or the project's files say."""
    state: Mapped[str]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]

    by: Mapped[User] = relationship(foreign_keys=[by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])


class Note(Identified, Base):
    """An internal note of a caseworker. Never sent."""

    __tablename__ = "note"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id"))
    body_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)

    body = Encrypted(OF_CASE, through="case_id")
    user: Mapped[User] = relationship()


class NoteMention(Base):
    """A colleague whom a note calls: their queue says so until they open the case."""

    __tablename__ = "note_mention"

    note_id: Mapped[UUID] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[datetime | None]

    note: Mapped[Note] = relationship()


class ReplyDraft(Identified, Base):
    """What a caseworker has typed and not sent: kept here, encrypted, so that a reload or a dead battery loses no word."""

    __tablename__ = "reply_draft"
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    body_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    body = Encrypted(OF_CASE, through="case_id")


class CasePresence(Base):
    """Who has a case open now and who types. A row that is older than a minute means nothing any more (desk/presence.py)."""

    __tablename__ = "case_presence"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    typing_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
