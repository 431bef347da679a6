"""The triage rules: vignettes, monotonicity, and that each rule is needed."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import DataFileError, FactError
from screening.triage import GRADES, LEVELS, RULES_FILE, load_rules, rule_book, triage, worst

GRADED = tuple(rule_book().graded)
YES_NO = tuple(rule_book().yes_no)

# Invented situations. Each row: what it is about, the facts, the level, and every rule that holds, in order.
VIGNETTES: list[tuple[str, dict[str, object], str, list[str]]] = [
    ("nothing said", {}, "I", ["I"]),
    ("everything answered with no", dict.fromkeys(GRADED, "no") | dict.fromkeys(YES_NO, False), "I", ["I"]),
    ("every question skipped", dict.fromkeys(GRADED, "skip"), "I", ["I"]),
    ("danger now", {"danger": "yes"}, "E", ["E1"]),
    ("danger now, everything else denied", dict.fromkeys(GRADED, "no") | {"danger": "yes"}, "E", ["E1"]),
    ("a birth begins", {"medical_now": "yes"}, "E", ["E2"]),
    (
        "a birth begins, and hungry",
        {"medical_now": "yes", "any_need": True, "priority_need": True},
        "E",
        ["E2", "P3", "R1"],
    ),
    ("will harm themselves now", {"self_harm_now": "yes"}, "E", ["E3"]),
    ("the word for not alone", {"duress": True}, "E", ["E4"]),
    ("a sentence of danger", {"emergency_phrase": True}, "E", ["E4"]),
    ("left in the desert", {"stranded": "yes"}, "E", ["E5"]),
    ("a child, perhaps in danger", {"child": "yes", "danger": "unsure"}, "E", ["E6", "U1", "U2"]),
    ("perhaps a child, in danger", {"child": "unsure", "danger": "yes"}, "E", ["E1", "E6", "U1"]),
    ("alone as a child, perhaps in danger", {"child_alone": "yes", "danger": "unsure"}, "E", ["E6", "U1", "U2"]),
    ("alone as a child, and nothing more", {"child_alone": "unsure"}, "U", ["U1"]),
    (
        "a child alone without a bed",
        {"child": "yes", "child_alone": "yes", "no_bed_tonight": "yes", "any_need": True},
        "E",
        ["E7", "U1", "U11", "P2", "R1"],
    ),
    (
        "a child with a mother, no bed",
        {"child": "yes", "child_alone": "no", "no_bed_tonight": "yes"},
        "U",
        ["U1", "U11", "P2"],
    ),
    (
        "a child, alone perhaps, no bed",
        {"child": "yes", "child_alone": "unsure", "no_bed_tonight": "yes"},
        "U",
        ["U1", "U11", "P2"],
    ),
    ("a child who cannot leave", {"child": "yes", "restricted": "yes"}, "E", ["E8", "U1", "U5", "P2"]),
    ("perhaps a child, threatened", {"child": "unsure", "threat": "yes"}, "E", ["E8", "U1", "U6", "P2"]),
    ("a child made to do things", {"child": "yes", "made_to": "yes"}, "E", ["E8", "U1", "U7", "P2"]),
    ("a child perhaps left behind", {"child": "yes", "stranded": "unsure"}, "E", ["E8", "U1", "U13"]),
    ("a child not sure about leaving", {"child": "yes", "restricted": "unsure"}, "U", ["U1", "P2"]),
    ("a child in school, hungry", {"child": "yes", "any_need": True, "priority_need": True}, "U", ["U1", "P3", "R1"]),
    ("not sure about danger", {"danger": "unsure"}, "U", ["U2"]),
    ("perhaps badly hurt", {"medical_now": "unsure"}, "U", ["U3"]),
    ("thoughts of dying", {"self_harm": "yes"}, "U", ["U4"]),
    ("perhaps thoughts of dying", {"self_harm": "unsure"}, "U", ["U4"]),
    ("perhaps about to harm themselves", {"self_harm_now": "unsure"}, "U", ["U4"]),
    ("cannot leave the house", {"restricted": "yes"}, "U", ["U5", "P2"]),
    ("the agent threatens the family", {"threat": "yes"}, "U", ["U6", "P2"]),
    ("made to do things", {"made_to": "yes"}, "U", ["U7", "P2"]),
    ("papers kept and no pay", {"papers": "yes", "debt_or_pay": "yes"}, "U", ["U8", "P1", "P2"]),
    ("no pay, another job than promised", {"debt_or_pay": "yes", "promise_broken": "yes"}, "U", ["U8", "P1", "P2"]),
    ("papers kept, another job", {"papers": "yes", "promise_broken": "yes"}, "U", ["U8", "P1", "P2"]),
    ("papers kept, pay not sure", {"papers": "yes", "debt_or_pay": "unsure"}, "P", ["P1", "P2"]),
    ("held in a cell", {"held": "yes"}, "U", ["U9", "P2"]),
    ("told to leave on Monday", {"removal_soon": "yes"}, "U", ["U9", "P2"]),
    ("a son missing", {"missing_recent_or_child": "yes"}, "U", ["U10", "P2"]),
    ("no bed tonight", {"no_bed_tonight": "yes", "any_need": True}, "U", ["U11", "P2", "R1"]),
    ("asks for a person", {"asks_human": True}, "U", ["U12"]),
    ("writes in anger", {"distress_phrase": True}, "U", ["U12"]),
    ("the assistant failed", {"bot_failure": True}, "U", ["U12"]),
    ("lost, perhaps", {"stranded": "unsure"}, "U", ["U13"]),
    ("danger skipped, papers kept", {"danger": "skip", "papers": "yes"}, "U", ["U14", "P1", "P2"]),
    ("danger skipped, medical unclear", {"danger": "skip", "medical_now": "unsure"}, "U", ["U3", "U14"]),
    ("danger skipped, nothing else", {"danger": "skip", "papers": "skip"}, "I", ["I"]),
    ("danger skipped, nobody to trust", {"danger": "skip", "no_support": "yes", "any_need": True}, "P", ["P5", "R1"]),
    ("papers kept", {"papers": "yes"}, "P", ["P1", "P2"]),
    ("works off a debt", {"debt_or_pay": "yes"}, "P", ["P1", "P2"]),
    ("another job than promised", {"promise_broken": "yes"}, "P", ["P1", "P2"]),
    ("not sure about papers", {"papers": "unsure"}, "P", ["P2"]),
    ("not sure about a bed", {"no_bed_tonight": "unsure"}, "P", ["P2"]),
    ("needs a lawyer", {"any_need": True, "priority_need": True}, "P", ["P3", "R1"]),
    ("a priority need alone", {"priority_need": True}, "P", ["P3", "R1"]),
    ("eight months pregnant", {"special_need": True}, "P", ["P4"]),
    ("nobody to trust, needs work", {"no_support": "yes", "any_need": True}, "P", ["P5", "R1"]),
    ("nobody to trust, no need", {"no_support": "yes"}, "I", ["I"]),
    ("looks for work", {"any_need": True}, "R", ["R1"]),
    ("wants to be contacted", {"wants_contact": True}, "R", ["R1"]),
]


@pytest.mark.parametrize(("facts", "level", "rules"), [row[1:] for row in VIGNETTES], ids=[row[0] for row in VIGNETTES])
def test_a_vignette_gets_its_level_and_all_its_rules(facts: dict[str, object], level: str, rules: list[str]) -> None:
    result = triage(facts)
    assert (result.level, list(result.rules)) == (level, rules)


def test_every_rule_appears_in_a_vignette() -> None:
    shown = {rule for *_, rules in VIGNETTES for rule in rules}
    assert shown == {rule.id for rule in rule_book().rules}


def test_the_rules_are_those_of_the_protocol_in_its_order() -> None:
    numbers = {"E": 8, "U": 14, "P": 5, "R": 1}
    expected = [f"{level}{number}" for level, count in numbers.items() for number in range(1, count + 1)]
    assert [rule.id for rule in rule_book().rules] == [*expected, "I"]


@pytest.mark.parametrize("dropped", [rule.id for rule in rule_book().rules if rule.condition])
def test_dropping_a_rule_makes_a_vignette_fail(dropped: str) -> None:
    book = rule_book()
    without = replace(book, rules=tuple(rule for rule in book.rules if rule.id != dropped))
    assert any(triage(facts, book=without).rules != tuple(rules) for _, facts, _, rules in VIGNETTES)


@pytest.mark.parametrize("dropped", [rule.id for rule in rule_book().rules if rule.level in "EU"])
def test_each_urgent_rule_decides_a_level_or_is_a_worse_case_of_another(dropped: str) -> None:
    """E6 to E8 raise what U1 would say; U8 what P1 would say; every other rule is alone in some case."""
    book = rule_book()
    without = replace(book, rules=tuple(rule for rule in book.rules if rule.id != dropped))
    assert any(triage(facts, book=without).level != level for _, facts, level, _ in VIGNETTES)


graded = st.dictionaries(st.sampled_from(GRADED), st.sampled_from(GRADES))
yes_no = st.dictionaries(st.sampled_from(YES_NO), st.booleans())


@settings(max_examples=1500)
@given(data=st.data(), grades=graded, truths=yes_no)
def test_a_worse_answer_never_lowers_the_level(
    data: st.DataObject, grades: dict[str, str], truths: dict[str, bool]
) -> None:
    before = triage(grades | truths)
    name = data.draw(st.sampled_from(GRADED + YES_NO))
    if name in GRADED:
        worse = data.draw(st.sampled_from(GRADES[GRADES.index(grades.get(name, "no")) :]))
        after = triage(grades | truths | {name: worse})
    else:
        after = triage(grades | truths | {name: True})
    assert LEVELS.index(after.level) <= LEVELS.index(before.level)


@given(grades=graded, truths=yes_no)
def test_the_level_is_that_of_the_gravest_rule(grades: dict[str, str], truths: dict[str, bool]) -> None:
    result = triage(grades | truths)
    assert result.level == worst(rule_book().rule(rule).level for rule in result.rules)
    assert result.rules
    assert ("I" in result.rules) == (result.level == "I")


@pytest.mark.parametrize(
    ("facts", "named"),
    [
        ({"danegr": "yes"}, "danegr"),
        ({"danger": "maybe"}, "danger"),
        ({"danger": True}, "danger"),
        ({"danger": None}, "danger"),
        ({"danger": ["yes"]}, "danger"),
        ({"any_need": "yes"}, "any_need"),
        ({"any_need": 1}, "any_need"),
    ],
)
def test_an_unknown_fact_or_value_is_refused_by_name_and_never_repeated(facts: dict[str, object], named: str) -> None:
    with pytest.raises(FactError) as caught:
        triage(facts)
    assert caught.value.name == named
    assert "maybe" not in str(caught.value)


def test_needs_are_passed_on_once_each_in_order() -> None:
    assert triage({"any_need": True}, ["work", "health", "work"]).needs == ("work", "health")


def test_every_rule_has_words_for_a_caseworker_that_label_nobody() -> None:
    for rule in rule_book().rules:
        assert len(rule.words) > 10
        assert rule.source
        assert not any(word in rule.words.lower() for word in ("traffick", "victim", "smuggl", "illegal"))


RULES = RULES_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("when: danger = yes\n", "when: danegr = yes\n", "E1"),
        ("when: danger = yes\n", "when: danger = often\n", "E1"),
        ("when: danger = yes\n", "when: danger\n        = yes and\n", "E1"),
        ("when: medical_now = yes\n", "when: medical_now = yes)\n", "E2"),
        ("when: duress or emergency_phrase", "when: not duress", "E4"),
        ("when: duress or emergency_phrase", "when: duress & emergency_phrase", "E4"),
        ("when: two of (papers", "when: two of papers", "U8"),
        ("- id: E2\n", "- id: E1\n", "E1"),
        ("- id: E2\n", "- id: X2\n", "X2"),
        ("    level: U\n    when: danger = unsure", "    level: Z\n    when: danger = unsure", "U2"),
        ("    level: U\n    when: danger = unsure", "    wehn: U\n    when: danger = unsure", "U2"),
        ("    when: special_need\n", "", "I"),
        ("  held: held by authorities\n", "  held: held by authorities\n  held: again\n", "held"),
        ("version: 1", "version: [", "rules.yml"),
    ],
)
def test_a_mistake_in_the_rules_file_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    assert RULES.count(before) == 1
    broken = tmp_path / "rules.yml"
    broken.write_text(RULES.replace(before, after), encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        load_rules(broken)
    assert caught.value.where == named
