"""What the check of outgoing texts found in a caseworker's message, in words, and the proof that they sent it knowing that."""

import hashlib
from dataclasses import dataclass

from desk.words import Words
from gateway.check import Finding


@dataclass(frozen=True, slots=True)
class Warned:
    """One rule, and the words that break it."""

    text: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckWarning:
    """Everything the check found; `token` is what the button sends when the caseworker sends it all the same."""

    found: list[Warned]
    token: str


def warn(findings: tuple[Finding, ...], text: str, words: Words) -> CheckWarning:
    """The findings as the page shows them."""
    found = [Warned(words.say(f"check_rule_{finding.rule}"), finding.words) for finding in findings]
    return CheckWarning(found, f"{_digest(text)} {','.join(finding.rule for finding in findings)}")


def acknowledged_rules(token: str, text: str) -> frozenset[str]:
    """The rules that were acknowledged for exactly this text: one that was edited since is looked at anew."""
    digest, _, rules = token.partition(" ")
    return frozenset(rules.split(",")) if rules and digest == _digest(text) else frozenset()


def _digest(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode("utf-8", "replace")).hexdigest()[:16]
