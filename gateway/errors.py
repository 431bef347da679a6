"""What can go wrong between a phone and us, as attributes: never a number, never a body."""

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from gateway.check import Finding


class GatewayError(Exception):
    """Base of the errors of this room."""


class Unusable(GatewayError):  # noqa: N818
    """A signed request that nothing can be done with; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EngineError(GatewayError):
    """The dialogue engine gave no turn that can be used: `down`, `timeout`, `refused`, `too_large`, `garbage`, `empty`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderError(GatewayError):
    """The provider did not take a message over."""


class NotSent(ProviderError):  # noqa: N818
    """It certainly did not take it: trying again cannot make two messages of one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MaybeSent(ProviderError):  # noqa: N818
    """The connection broke after the request left: a repeat could say the same thing twice, so nobody repeats it unasked."""

    reason = "no_answer"


class Doubtful(MaybeSent):
    """It answered that it broke (`reason`): its list of messages knows whether it had taken the message over before."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(ProviderError):  # noqa: N818
    """The provider answered no; `code` is its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"refused with code {code}")
        self.code = code


class SendLater(GatewayError):  # noqa: N818
    """Raised by a sending job so that the queue runs it again."""

    def __init__(self, message_id: UUID) -> None:
        super().__init__("the provider is not reachable; the queue tries again")
        self.message_id = message_id


class CannotWrite(GatewayError):  # noqa: N818
    """A caseworker cannot write here now: `no_case`, `stranger`, `opted_out`, one of `HOLDS`, `no_template`, `empty`, `too_long`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NeedsAcknowledgement(GatewayError):  # noqa: N818
    """What a caseworker wrote breaks rules of the check; it is sent only when they say so for each. `findings` hold the words."""

    def __init__(self, findings: "tuple[Finding, ...]") -> None:
        super().__init__("the check warns")
        self.findings = findings

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules."""
        return tuple(finding.rule for finding in self.findings)
