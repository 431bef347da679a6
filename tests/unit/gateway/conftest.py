"""Languages and helpers of the channels' unit tests."""

import pytest

from gateway.fixed_wording import FixedWording

TEXTS = {
    "en": {
        "say_help": "You can write here. 0: a person. 9: leave.",
        "ask_danger": "Are you in danger now?",
        "ask_safe": "Can you write here now?",
        "ask_needs": "What do you need?",
        "ask_anything_else": "Anything else?",
        "say_person_will_write": "Reference {reference}. A person writes before {time}.",
        "choice_yes": "Yes", "choice_no": "No", "choice_unsure": "Not sure", "choice_skip": "Skip",
        "choice_need": "Another question", "choice_person": "A person", "choice_finish": "Finish",
        "choice_long": "A label of more than twenty characters",
    },
    "fr": {
        "say_help": "Vous pouvez écrire ici.",
        "ask_danger": "Êtes-vous en danger maintenant ?",
        "say_person_will_write": "Référence {reference}. Une personne vous écrit avant {time}.",
        "choice_yes": "Oui", "choice_no": "Non", "choice_unsure": "Pas sûr", "choice_skip": "Passer",
    },
    "ar": {"ask_danger": "هل أنت في خطر الآن؟", "choice_yes": "نعم", "choice_no": "لا", "choice_unsure": "لست متأكدا"},
    "bn": {"ask_danger": "আপনি কি এখন বিপদে আছেন?", "choice_yes": "হ্যাঁ", "choice_no": "না", "choice_unsure": "জানি না"},
}  # fmt: skip
WORDS = {
    "en": {"yes": ("yes", "yeah"), "no": ("no", "nope"), "unsure": ("not sure",), "skip": ("skip",), "stop": ("stop",),
           "help": ("help",), "erase": ("erase",), "language": ("language",), "person": ("person", "human")},
    "fr": {"yes": ("oui",), "no": ("non",), "stop": ("arrêt",), "person": ("personne",)},
    "ar": {"yes": ("نعم",), "no": ("لا", "la"), "person": ("إنسان",)},
    "bn": {"yes": ("হ্যাঁ",), "no": ("না", "na"), "person": ("মানুষ",)},
}  # fmt: skip


@pytest.fixture(scope="session")
def wording() -> FixedWording:
    return FixedWording(
        TEXTS, WORDS, guesses={"bonjour": "fr"}, substitutions={"fr": {"Ê": "E", "ê": "e", "û": "u", "ç": "c"}}
    )
