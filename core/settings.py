"""The settings of one copy of Waymark, read once from the environment; a wrong one stops the start in one line.

`docs/reference/settings.md` documents each of them, and a test holds that page and this module together.
"""

import base64
import binascii
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent

Level = Literal["E", "U", "P", "R"]

Codes = Annotated[tuple[str, ...], NoDecode]
Listed = Annotated[tuple[str, ...], NoDecode]


def _seconds(value: object) -> object:
    """A bare number is a number of seconds; pydantic alone would take it in a call and refuse it in the environment."""
    if isinstance(value, str):
        try:
            value = timedelta(seconds=float(value))
        except (ValueError, OverflowError):
            raise ValueError(f"a number of seconds is needed, not {value!r}") from None
    if isinstance(value, timedelta) and value <= timedelta(0):
        raise ValueError("more than 0 seconds are needed")
    return value


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]


MANY = ("web", "worker", "engine", "actions")
"""Processes of which there may be several."""
MOST = 32
"""Of each on one machine."""
PORT_STEP = 4
"""A copy has four ports; the second process of a kind listens on the port of the first plus this."""


class SettingsError(Exception):
    """A setting is missing or wrong. `str()` is one line that names each and says why."""


def _named(name: str) -> AliasChoices:
    """The setting carries a name of its own, without the prefix WAYMARK_."""
    return AliasChoices(name)


class Settings(BaseSettings):
    """Every setting; durations are `timedelta`s given in seconds, secrets never show in a `repr`."""

    model_config = SettingsConfigDict(
        env_prefix="WAYMARK_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    # Where it runs
    host: str = Field("127.0.0.1", description="Address the web process listens on.")
    port: int = Field(
        8000, ge=1, le=65531, description="Port of the web process; the next three serve the other processes."
    )
    actions_port: int = Field(
        0, ge=0, le=65535, description="Port of the action server, on loopback. 0: WAYMARK_PORT + 1."
    )
    engine_port: int = Field(0, ge=0, le=65535, description="Port of Rasa, on loopback. 0: WAYMARK_PORT + 2.")
    phone_port: int = Field(
        0, ge=0, le=65535, description="Port of the phone and the stand-in of Twilio, on loopback. 0: WAYMARK_PORT + 3."
    )
    processes: Listed = Field(
        (),
        description="How many of each `waymark up` starts: `web=2,worker=3,engine=2,actions=2`; of what is not named, one. Each further "
        "action server or Rasa listens four ports above the one before.",
    )
    data_dir: Path = Field(PROJECT / ".waymark", description="Folder of the embedded database, keys, models and logs.")
    database_url: str | None = Field(
        None,
        validation_alias=_named("DATABASE_URL"),
        description="PostgreSQL to use (postgresql://…). Absent: the embedded PostgreSQL in the data folder.",
    )
    demonstration: bool = Field(
        default=False,
        description="A demonstration: example entries and unverified numbers are shown, and a local stand-in takes Twilio's place.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")

    # Twilio
    public_url: str | None = Field(
        None,
        validation_alias=_named("PUBLIC_URL"),
        description="Address under which Twilio reaches this copy; signatures are checked over it.",
    )
    twilio_account_sid: str | None = Field(
        None, validation_alias=_named("TWILIO_ACCOUNT_SID"), description="Account at Twilio."
    )
    twilio_auth_token: SecretStr | None = Field(
        None,
        validation_alias=_named("TWILIO_AUTH_TOKEN"),
        description="Its auth token: signs webhooks, sends messages.",
    )
    twilio_auth_token_secondary: SecretStr | None = Field(
        None,
        validation_alias=_named("TWILIO_AUTH_TOKEN_SECONDARY"),
        description="A second auth token that webhooks may be signed with while tokens are rotated.",
    )
    twilio_api_url: str | None = Field(
        None,
        validation_alias=_named("TWILIO_API_URL"),
        description="Replaces the address of Twilio's REST API; the demonstration points it at the local stand-in.",
    )
    twilio_timeout: Seconds = Field(timedelta(seconds=10), description="Seconds to wait for Twilio's REST API.")

    numbers: Listed = Field(
        (),
        description="Our own numbers as Twilio writes them (+… or whatsapp:+…), separated by commas: messages to them that never reached"
        " us are looked for. Empty: the numbers that people have written to.",
    )

    # People and places
    languages: Codes = Field(
        ("en", "fr", "ar", "bn", "es", "pt", "ru", "lo"),
        description="Languages offered, in this order, separated by commas.",
    )
    countries: Codes = Field(
        ("BR", "ZA", "BD", "MA"), description="Countries served (ISO 3166-1), separated by commas."
    )
    reports_by_law: Codes = Field(
        (),
        description="Countries (ISO 3166-1) whose law makes the service report some things, as a lawyer confirmed: said before Q9 to Q16.",
    )
    on_call: bool | None = Field(
        default=None,
        description="Says, instead of the rota, whether somebody is on call. False: the bot says first that nobody reads now, and asks no "
        "question about exploitation. None: the rota decides; while it is empty nobody is on call, except in a demonstration.",
    )
    complaints_reader: str | None = Field(
        None,
        description="Name of the account that reads complaints about staff and places. Empty: every auditor may, or every supervisor where "
        "there is no auditor.",
    )
    complaints_address: str | None = Field(
        None,
        description="E-mail address outside the case team that hears that a complaint waits, never what it says. Needs WAYMARK_SMTP_HOST. "
        "Absent: nobody is told; `waymark doctor` and the page of complaints say it.",
    )
    target_e: Seconds = Field(timedelta(minutes=5), description="Level E: seconds until a person acknowledges.")
    target_u: Seconds = Field(timedelta(hours=1), description="Level U: seconds until a person writes.")
    target_u_unstaffed: Seconds = Field(
        timedelta(hours=4), description="Level U while nobody is on duty: seconds until a person writes."
    )
    target_p: Seconds = Field(timedelta(hours=24), description="Level P: seconds until a person writes.")
    escalate_second: Seconds = Field(
        timedelta(minutes=10),
        description="Level E: seconds that nobody acknowledges until the second on call is called.",
    )
    escalate_manager: Seconds = Field(
        timedelta(minutes=20), description="Level E: seconds that nobody acknowledges until the duty manager is called."
    )
    target_r: Seconds = Field(timedelta(hours=72), description="Level R: seconds until a person writes.")

    # Referrals and what becomes of them (protocol 3.2)
    referral_urgent: Seconds = Field(
        timedelta(hours=24),
        description="Level E and U: seconds for a partner to answer a referral, and for a person to agree; then it comes back.",
    )
    referral_other: Seconds = Field(
        timedelta(hours=72),
        description="Level P and R: the same.",
    )
    referral_readable: Seconds = Field(
        timedelta(days=7), description="Seconds for which a partner can read a referral after accepting it."
    )
    follow_up_after: Seconds = Field(
        timedelta(hours=48), description="Seconds after a referral until the bot asks the person whether it worked."
    )
    follow_up_wait: Seconds = Field(
        timedelta(hours=24),
        description="Seconds to wait for an answer to that. After the second time without one a human takes over.",
    )

    # The check of what is sent (gateway/check.py)
    allowed_links: Listed = Field(
        (),
        description="Addresses that a text to a person may hold (`example.org`, `example.org/help`), separated by commas. Empty: none.",
    )
    organisation_names: Listed = Field(
        (),
        description="Names that no text to a person may hold, separated by commas: your organisation, its partners, their initials.",
    )
    segments_short: int = Field(1, ge=1, le=10, description="Most SMS segments of a question about safety or danger.")
    segments: int = Field(2, ge=1, le=10, description="Most SMS segments of any other message.")
    segments_notice: int = Field(3, ge=1, le=10, description="Most SMS segments of the notice before consent.")
    segments_long: int = Field(
        4, ge=1, le=10, description="Most SMS segments of a place from the directory and of a caseworker's message."
    )

    # The bot
    engine_timeout: Seconds = Field(
        timedelta(seconds=10), description="Seconds to wait for Rasa before the person is told and the desk takes over."
    )
    engine_urls: Listed = Field(
        (),
        description="Addresses of the Rasa processes that the worker asks (`http://127.0.0.1:8002`), separated by commas; any answers any "
        "conversation. Empty: those that `waymark up` starts here.",
    )
    engine_database_url: str | None = Field(
        None,
        description="PostgreSQL of Rasa's tracker, with a role of its own. Needed with DATABASE_URL; else embedded.",
    )
    engine_secret: SecretStr | None = Field(None, description="Secret between the worker and Rasa.")
    engine_key: SecretStr | None = Field(
        None,
        description="Key of Rasa's tracker (base64, 32 bytes); its only secret of data. Several, the newest first, separated by commas, "
        "while it is exchanged.",
    )
    actions_secret: SecretStr | None = Field(None, description="Secret between Rasa and the action server.")
    model: Path = Field(PROJECT / "models" / "waymark.tar.gz", description="The trained model.")

    # When a conversation locks, and whose it is (protocol 3.2)
    lock_after_sensitive: Seconds = Field(
        timedelta(minutes=15),
        description="Seconds of silence after which a conversation locks whose last question was sensitive, or whose phone others read.",
    )
    lock_after: Seconds = Field(
        timedelta(minutes=60), description="Seconds of silence after which any other conversation locks."
    )
    stranger_after: Seconds = Field(
        timedelta(days=30), description="Seconds of silence after which a number may belong to somebody else."
    )
    translation_provider: str = Field(
        "",
        description="Name of a provider of machine translation for the desk, registered in desk/translation.py. None is: text does not "
        "leave a deployment without a decision, and a name that is not registered does not start.",
    )
    erase_check: Seconds = Field(
        timedelta(hours=24),
        description="Seconds for which an erased conversation with an open case of level E or U keeps its number and level, so that a "
        "person can check who asked.",
    )

    # What is noticed about messages besides their words (protocol 2.5)
    burst_messages: int = Field(6, ge=2, description="Messages in a short time that are a burst: a sign of distress.")
    burst_within: Seconds = Field(timedelta(seconds=60), description="That short time, in seconds.")
    long_text: int = Field(600, ge=1, description="Characters above which a text is very long: a sign of distress.")

    # What strangers can make us spend (gateway/spending.py)
    answers_per_hour: int | None = Field(
        None,
        ge=0,
        description="Messages of one conversation in an hour that the bot answers; then a human gets it. 0: any number. None: 120, in a "
        "demonstration any number.",
    )
    segments_per_hour: int | None = Field(
        None,
        ge=0,
        description="SMS segments (WhatsApp: messages) that the whole line sends in an hour before the bot falls silent and humans get who "
        "writes. 0: any number. None: 5000, in a demonstration any number.",
    )

    # The directory
    directory_api: Literal["demonstration", "on", "off"] = Field(
        "demonstration",
        description="The public read API of the directory (/hsds): `on`, `off`, or only in a `demonstration`.",
    )

    # Keys
    encryption_keys: SecretStr | None = Field(
        None,
        description="Keys of the data: `id:base64 of 32 bytes`, separated by commas; the first encrypts, all decrypt.",
    )
    encryption_keys_file: Path | None = Field(
        None,
        description="File that holds these keys instead, one a line, readable by its owner only; it is read again when it changes.",
    )
    encryption_keys_command: str | None = Field(
        None, description="Command that prints these keys instead, for a key service; asked again every five minutes."
    )
    hash_key: SecretStr | None = Field(
        None,
        description="Key of the hashes by which numbers and words are found (base64, 32 bytes). Several, the newest first, separated by "
        "commas, while it is exchanged.",
    )

    push_key: SecretStr | None = Field(
        None,
        description="Key by which push services of browsers know this copy (base64, 32 bytes). Another one ends all notices in browsers.",
    )

    # How long what people wrote is kept (protocol 3.2; an impact assessment decides the values of a deployment)
    retention: Seconds = Field(
        timedelta(days=90), description="Seconds for which a conversation with a case is kept after it was closed."
    )
    retention_without_case: Seconds = Field(
        timedelta(hours=72),
        description="Seconds for which a conversation that led to no case is kept after its last message.",
    )

    # The desk
    session_lifetime: Seconds = Field(
        timedelta(hours=12), description="Seconds after which a session ends, however much it is used."
    )
    second_factor: Literal["required", "optional"] | None = Field(
        None,
        description="Whether everybody needs a second factor to sign in (`required`), or may have one (`optional`). "
        "None: optional in a demonstration, else required.",
    )
    session_idle: Seconds = Field(
        timedelta(minutes=60),
        description="Seconds without a click or a key after which a session ends; what a page refreshes by itself does not count.",
    )
    sign_ins_per_address: int = Field(
        100,
        ge=5,
        description="Tries to sign in, of any name or link, that one network address has in ten minutes; an office may share one.",
    )
    audit_retention: Seconds = Field(
        timedelta(days=3 * 365),
        description="Seconds for which a line of the audit log is kept; the database refuses to delete one that is not a year old.",
    )
    sign_in_link_lifetime: Seconds = Field(timedelta(hours=24), description="Seconds for which a one-time link holds.")

    oidc_issuer: str | None = Field(
        None,
        description="Issuer of single sign-on (OpenID Connect), such as https://id.example. Absent: there is none.",
    )
    oidc_client_id: str | None = Field(None, description="Name of this copy at the issuer.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret at the issuer.")
    staff_sms_from: str | None = Field(
        None,
        description="Number at Twilio from which staff get an SMS that a case waits. Absent: they get none.",
    )

    push_services: Listed = Field(
        (
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "web.push.apple.com",
            "*.push.apple.com",
            "*.notify.windows.com",
        ),
        description="Push services of browsers through which staff may be told that a case waits; `*.` stands for every name below. "
        "Empty: none.",
    )

    # Keeping the directory true
    directory_four_eyes: bool | None = Field(
        None,
        description="A change of the directory is approved by somebody else than its author. Absent: yes, but not in a demonstration.",
    )

    directory_reports: int = Field(
        3,
        ge=1,
        le=100,
        description="So many different reporters of a wrong entry take it out of the bot until somebody has looked.",
    )
    directory_review: Path = Field(
        PROJECT / "directory" / "data" / "review.yml",
        description="File that says how often which entries are confirmed, and what follows when nobody does.",
    )
    directory_sms_from: str | None = Field(
        None,
        description="Number at Twilio from which focal points get SMS about their entries. Absent: they get none.",
    )
    smtp_host: str | None = Field(
        None, description="Mail server for messages to focal points. Absent: links are handed over by hand."
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is protected; none is for a server on the same machine."
    )
    smtp_user: str | None = Field(None, description="Name at the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    smtp_from: str | None = Field(
        None, description="Address that focal points see and answer to. Needed with WAYMARK_SMTP_HOST."
    )
    smtp_timeout: Seconds = Field(timedelta(seconds=20), description="Seconds to wait for the mail server.")

    @field_validator(
        "languages",
        "countries",
        "reports_by_law",
        "allowed_links",
        "organisation_names",
        "numbers",
        "processes",
        "engine_urls",
        "push_services",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not (PROJECT / "locale" / code / "language.yml").is_file():
                raise ValueError(f"there is no language {code!r} (no folder locale/{code})")
        if not value:
            raise ValueError("at least one language is needed")
        return value

    @field_validator("countries", "reports_by_law")
    @classmethod
    def _known_countries(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for code in value:
            if len(code) != 2 or not code.isascii() or not code.isupper():
                raise ValueError(f"{code!r} is not a country code of two capital letters")
        if not value and info.field_name == "countries":
            raise ValueError("at least one country is needed")
        return value

    @field_validator("database_url", "engine_database_url")
    @classmethod
    def _postgresql(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            raise ValueError("it must begin with postgresql://")
        return value

    @field_validator("public_url", "twilio_api_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return value.rstrip("/") if value else value

    @field_validator("push_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_key(value.get_secret_value())
        return value

    @field_validator("engine_key", "hash_key")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _oidc(self) -> Self:
        given = [self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret]
        if any(given) and not all(given):
            raise ValueError("WAYMARK_OIDC_ISSUER, WAYMARK_OIDC_CLIENT_ID and WAYMARK_OIDC_CLIENT_SECRET go together")
        if self.oidc_issuer and not self.oidc_issuer.startswith("https://") and not self.demonstration:
            raise ValueError("WAYMARK_OIDC_ISSUER must begin with https://")
        return self

    @model_validator(mode="after")
    def _mail(self) -> Self:
        if self.smtp_host and not self.smtp_from:
            raise ValueError("WAYMARK_SMTP_FROM is needed with WAYMARK_SMTP_HOST")
        return self

    @field_validator("processes")
    @classmethod
    def _countable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            name, _, number = each.partition("=")
            if name not in MANY or not number.isascii() or not number.isdigit() or not 1 <= int(number) <= MOST:
                raise ValueError(
                    f"{each!r} is not one of {', '.join(MANY)} with a number from 1 to {MOST}, like worker=3"
                )
        return value

    @field_validator("engine_urls")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(each.startswith(("http://", "https://")) for each in value):
            raise ValueError("each must begin with http:// or https://")
        return tuple(each.rstrip("/") for each in value)

    @model_validator(mode="after")
    def _ports(self) -> Self:
        ports = [self.port, self.port_of("phone"), *self.ports_of("actions"), *self.ports_of("engine")]
        if len(set(ports)) != len(ports) or max(ports) > 65535:
            raise ValueError(f"the ports must differ and be below 65536, not {ports}")
        return self

    def port_of(self, process: Literal["web", "actions", "engine", "phone"], number: int = 1) -> int:
        """The port that a process listens on, or the second (third, …) of its kind. Web processes share one."""
        if process == "web":
            return self.port
        chosen = {"actions": self.actions_port, "engine": self.engine_port, "phone": self.phone_port}[process]
        first = chosen or self.port + {"actions": 1, "engine": 2, "phone": 3}[process]
        return first + PORT_STEP * (number - 1)

    def ports_of(self, process: Literal["actions", "engine"]) -> list[int]:
        """The ports of all processes of a kind that `waymark up` starts."""
        return [self.port_of(process, number) for number in range(1, self.number_of(process) + 1)]

    def number_of(self, process: str) -> int:
        """How many processes of a kind `waymark up` starts."""
        return dict(self._counted()).get(process, 1)

    def _counted(self) -> list[tuple[str, int]]:
        return [(name, int(number)) for name, _, number in (each.partition("=") for each in self.processes)]

    def engine_addresses(self) -> tuple[str, ...]:
        """Where a turn may be asked for: any Rasa answers any conversation."""
        return self.engine_urls or tuple(f"http://127.0.0.1:{port}" for port in self.ports_of("engine"))

    def target(self, level: Level) -> timedelta:
        """Time until a person's first action on a case of this level (protocol, section 2.3)."""
        return {"E": self.target_e, "U": self.target_u, "P": self.target_p, "R": self.target_r}[level]

    def referral_time(self, level: str) -> timedelta:
        """Time that a partner has to answer a referral of a case of this level."""
        return self.referral_urgent if level in ("E", "U") else self.referral_other

    def most_answers(self) -> int:
        """Messages of a conversation in an hour that the bot answers; 0: any number."""
        return (0 if self.demonstration else 120) if self.answers_per_hour is None else self.answers_per_hour

    def most_segments(self) -> int:
        """Segments that the line sends in an hour; 0: any number."""
        return (0 if self.demonstration else 5000) if self.segments_per_hour is None else self.segments_per_hour

    def four_eyes(self) -> bool:
        """Whether a second person must approve what somebody changed in the directory."""
        return not self.demonstration if self.directory_four_eyes is None else self.directory_four_eyes

    def second_factor_required(self) -> bool:
        """Whether nobody works at the desk without a second factor."""
        return self.second_factor == "required" or (self.second_factor is None and not self.demonstration)

    def public_base(self) -> str:
        """The address under which the webhooks are reached."""
        return self.public_url or f"http://127.0.0.1:{self.port}"


def decode_key(text: str) -> bytes:
    """The 32 bytes of a key given as base64. Raises ValueError."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a key must be base64") from None
    if len(key) != 32:
        raise ValueError(f"a key must have 32 bytes, not {len(key)}")
    return key


def decode_keys(text: str) -> list[bytes]:
    """Keys given as base64 with commas between them, the newest first. Raises ValueError: one is none, or is there twice."""
    keys = [decode_key(part.strip()) for part in text.split(",")]
    if len(set(keys)) != len(keys):
        raise ValueError("a key is there twice")
    return keys


def variable_of(field: str) -> str:
    """Name of the environment variable of a field."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"WAYMARK_{field.upper()}"


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment; raises SettingsError, whose text never holds a value of a secret."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            known = variable_of(name) if name in Settings.model_fields else name
            faults.append(f"{known or 'settings'}: {fault['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(faults)) from None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once: what the environment says later changes nothing."""
    return read_settings()
