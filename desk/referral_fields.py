"""What the fields of a referral would say, from what the person told, in the partner's language. A caseworker edits and chooses."""

from cases.models import Case
from cases.referrals.content import FIELDS, NUMBERS, Chosen
from cases.referrals.words import partner_words
from cases.service import read_screening
from desk import plain
from desk.numbers import masked
from desk.words import LANGUAGES, words
from gateway.wording import Wording
from screening.questions import questionnaire

_ANSWERS = ("contact", "contact_time", "contact_gender", "special", "under_18")
"""Fields that are answers to the question of this name."""


def suggestions(case: Case, wording: Wording, language: str) -> dict[str, str]:
    """A text for each field that something is known for; empty where the caseworker has to write it. Numbers are masked."""
    screening = read_screening(case)
    partner = partner_words(language)
    conversation = case.conversation
    known = dict.fromkeys(FIELDS, "")
    for name in _ANSWERS:
        known[name] = _answer(name, screening.answers.get(name), wording, language)
    known["language"] = partner.language(conversation.language) if conversation.language else ""
    known["needs"] = ", ".join(_label(f"choice_{need}", wording, language) or need for need in screening.needs)
    known["urgency"] = partner.say(f"level_{case.level}")
    country = plain.country(screening, words(language if language in LANGUAGES else "en"))
    known["place"] = ", ".join(part for part in (plain.place(screening), country) if part)
    known["phone"] = masked(conversation.person.phone)
    known["other_number"] = masked(conversation.other_number)
    return known


def preview(chosen: list[Chosen], case: Case, language: str) -> list[tuple[str, str]]:
    """What the partner reads, label and text, in their language. Of a number its last digits: the partner reads all of it."""
    partner = partner_words(language)
    numbers = {"phone": case.conversation.person.phone, "other_number": case.conversation.other_number}
    shown = []
    for one in chosen:
        text = masked(numbers[one.name]) if one.name in NUMBERS else one.value
        if text:
            shown.append((partner.say(f"field_{one.name}"), text))
    return shown


def _answer(question: str, value: object, wording: Wording, language: str) -> str:
    asked = questionnaire().get(question)
    values = value if isinstance(value, list) else [value]
    labels = {each.value: each.label for each in asked.values} if asked else {}
    said = [
        _label(labels[each], wording, language)
        or plain.answer(question, each, words(language if language in LANGUAGES else "en"))
        for each in values
        if isinstance(each, str) and each in labels and each not in ("skip", "none")
    ]
    return ", ".join(said)


def _label(key: str | None, wording: Wording, language: str) -> str | None:
    for code in (language, "en"):
        try:
            return wording.template(code, key) if key else None
        except KeyError:
            continue
    return None
