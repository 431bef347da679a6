"""The questionnaire: its order, its effects, who is never asked what, and that it always ends."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import DataFileError, FactError
from screening.questionnaire import NEED_QUESTIONS, Context, assess, facts, needs, next_question
from screening.questions import QUESTIONNAIRE_FILE, Question, load_questionnaire, questionnaire
from screening.triage import rule_book

ORDER = [
    "language",
    "safe",
    "danger",
    "consent",
    "shared_phone",
    "for_whom",
    "under_18",
    "trusted_adult",
    "medical",
    "country",
    "place",
    "place_confirm",
    "needs",
    "needs_more",
    "needs_last",
    "stranded",
    "missing",
    "special",
    "support",
    "block_2",
    "can_leave",
    "papers_kept",
    "unpaid",
    "threatened",
    "promise_broken",
    "made_to",
    "held",
    "contact",
    "other_number",
    "contact_time",
    "contact_gender",
    "safe_word",
    "duress_word",
    "referral",
    "follow_up",
    "complaint",
    "which_place",
    "what_happened",
    "anything_else",
]

contexts = st.builds(
    Context,
    countries=st.sampled_from([("BR",), ("BR", "ZA", "BD", "MA")]),
    staffed=st.booleans(),
    language_known=st.booleans(),
    place_matched=st.booleans(),
    watched=st.booleans(),
    word_known=st.booleans(),
    referral_asked=st.booleans(),
    follow_up_due=st.booleans(),
    signals=st.fixed_dictionaries(
        {},
        optional={
            "child": st.sampled_from(["unsure", "yes"]),
            "child_alone": st.just("yes"),
            "papers": st.just("yes"),
            "asks_human": st.just(True),
            "stranded": st.just("unsure"),
        },
    ),
)


def draw_answer(data: st.DataObject, question: Question, context: Context) -> str | list[str]:
    offered = [value.value for value in question.values]
    offered += {"languages": ["en", "fr"], "countries": list(context.countries), "places": ["1", "2"]}.get(
        question.values_from or "", []
    )
    if question.free_text:
        offered.append("somewhere")
    offered += [question.skip, question.unclear]
    if question.multiple:
        return data.draw(st.lists(st.sampled_from(offered), min_size=1, unique=True))
    return data.draw(st.sampled_from(offered))


def walk(data: st.DataObject, context: Context) -> tuple[list[Question], dict[str, str | list[str]]]:
    asked: list[Question] = []
    answers: dict[str, str | list[str]] = {}
    while (question := next_question(answers, context)) is not None:
        asked.append(question)
        answers[question.id] = draw_answer(data, question, context)
    return asked, answers


@settings(max_examples=400)
@given(data=st.data(), context=contexts)
def test_random_answers_always_end_and_no_question_comes_twice(data: st.DataObject, context: Context) -> None:
    asked, answers = walk(data, context)
    ids = [question.id for question in asked]
    assert ids == sorted(ids, key=ORDER.index)
    assert len(ids) == len(set(ids))
    assess(answers, context.signals)


@settings(max_examples=600)
@given(data=st.data(), context=contexts)
def test_questions_of_class_b_are_asked_only_where_nobody_can_be_hurt_by_them(
    data: st.DataObject, context: Context
) -> None:
    asked, answers = walk(data, context)
    if any(question.asks_class == "B" for question in asked):
        assert answers["safe"] == "yes"
        assert answers["consent"] == "agree"
        assert answers["shared_phone"] == "no"
        assert answers["under_18"] in ("no", "skip")
        assert not {"child", "child_alone"} & set(context.signals)
        assert context.staffed
        assert not context.watched


@settings(max_examples=300)
@given(data=st.data(), context=contexts)
def test_under_watch_nothing_is_asked_that_an_information_line_would_not_ask(
    data: st.DataObject, context: Context
) -> None:
    asked, _ = walk(data, replace(context, watched=True))
    harmless = {"language", "safe", "country", "place", "place_confirm", "anything_else", *NEED_QUESTIONS}
    assert {question.id for question in asked} <= harmless


@settings(max_examples=300)
@given(data=st.data(), context=contexts)
def test_without_a_rota_no_question_from_q9_to_q16_is_asked(data: st.DataObject, context: Context) -> None:
    asked, _ = walk(data, replace(context, staffed=False))
    numbers = {int(part) for question in asked for part in re.findall(r"\d+", question.protocol)}
    assert not numbers & set(range(9, 17))


@given(data=st.data(), context=contexts)
def test_after_not_safe_nothing_is_asked(data: st.DataObject, context: Context) -> None:
    answers: dict[str, str | list[str]] = {"language": "en", "safe": "no"}
    assert next_question(answers, context) is None


def test_when_safe_is_unclear_only_danger_is_asked() -> None:
    context = Context(countries=("BR", "ZA"), staffed=True, language_known=True)
    question = next_question({"safe": "unsure"}, context)
    assert question is not None
    assert question.id == "danger"
    assert next_question({"safe": "unsure", "danger": "unsure"}, context) is None


def test_without_consent_only_information_is_offered() -> None:
    context = Context(countries=("BR", "ZA"), staffed=True, language_known=True)
    answers: dict[str, str | list[str]] = {"safe": "yes", "danger": "no", "consent": "no"}
    asked = []
    while (question := next_question(answers, context)) is not None:
        asked.append(question.id)
        answers[question.id] = "skip" if question.values_from or question.free_text else [question.values[0].value]
    assert asked == ["country", "place", "needs", "anything_else"]


def test_the_order_and_the_texts_are_those_agreed() -> None:
    book = questionnaire()
    assert [question.id for question in book.questions] == ORDER
    assert all(question.message == f"ask_{question.id}" for question in book.questions)


def test_every_question_says_where_it_comes_from_and_offers_a_way_out() -> None:
    for question in questionnaire().questions:
        assert question.protocol.startswith("Q")
        assert question.purpose
        assert question.source
        if question.id != "language":
            assert {value.value for value in question.values} & {
                "skip", "unsure", "no", "none", "later", "finish", "more"
            }, question.id  # fmt: skip


def test_no_screen_has_more_than_six_choices_and_those_about_safety_have_four() -> None:
    """Seven and nine, four and eight look alike in Bangla; a digit too many on a safety question could be the wrong one."""
    for question in questionnaire().questions:
        assert len(question.values) <= 6, question.id
    for name in ("safe", "danger", "consent", "shared_phone", "under_18", "medical", "stranded", "needs", "needs_more"):
        question = questionnaire().get(name)
        assert question is not None
        assert len(question.values) <= 4, name


def test_unclear_danger_counts_as_a_risk_and_unclear_consent_as_no() -> None:
    book = questionnaire()
    danger, consent = book.get("danger"), book.get("consent")
    assert danger is not None
    assert consent is not None
    assert danger.unclear == "unsure"
    assert consent.unclear == consent.skip == "no"
    assert assess({"safe": "yes", "danger": danger.unclear}).level == "U"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"can_leave": "no"}, {"restricted": "yes"}),
        ({"can_leave": "yes"}, {"restricted": "no"}),
        ({"trusted_adult": "no"}, {"child_alone": "yes"}),
        ({"trusted_adult": "unsure"}, {"child_alone": "unsure"}),
        ({"needs": ["shelter"]}, {"no_bed_tonight": "yes", "any_need": True}),
        ({"needs": ["food_cash", "more"], "needs_more": ["more"]}, {"any_need": True, "priority_need": True}),
        ({"needs_last": ["return"]}, {"any_need": True, "priority_need": True}),
        ({"for_whom": "someone_else"}, {"asks_human": True}),
        ({"stranded": "yes"}, {"stranded": "yes"}),
        ({"missing": "child"}, {"missing_recent_or_child": "yes"}),
        ({"missing": "longer"}, {"priority_need": True}),
        ({"held": "told_to_leave"}, {"removal_soon": "yes"}),
        ({"special": ["pregnant", "alone"]}, {"special_need": True}),
        ({"support": "no"}, {"no_support": "yes"}),
        ({"safe_word": "set", "duress_word": "skip", "other_number": "set"}, {}),
        ({"needs": "skip", "place": "Anytown", "language": "fr"}, {}),
        ({"unpaid": "both"}, {"debt_or_pay": "yes"}),
        ({"contact": "write_here"}, {"wants_contact": True}),
        ({"anything_else": "person"}, {"asks_human": True}),
    ],
)
def test_an_answer_sets_its_facts(answers: dict[str, str | list[str]], expected: dict[str, object]) -> None:
    assert facts(answers) == expected


def test_own_words_raise_a_fact_and_never_lower_it() -> None:
    assert facts({"papers_kept": "no"}, {"papers": "yes"}) == {"papers": "yes"}
    assert facts({"papers_kept": "yes"}, {"papers": "unsure"}) == {"papers": "yes"}
    assert facts({"contact": "write_here"}, {"wants_contact": False}) == {"wants_contact": True}


def test_an_answer_that_does_not_exist_is_an_error_that_does_not_repeat_it() -> None:
    with pytest.raises(FactError) as caught:
        facts({"danger": "they-beat-me"})
    assert "beat" not in str(caught.value)


def test_needs_are_listed_in_the_order_of_the_questionnaire() -> None:
    assert needs({"needs_more": ["legal", "work"], "needs": ["health", "more"]}) == ("health", "legal", "work")
    assert needs({"needs": "skip", "needs_last": ["none"]}) == ()


def test_every_fact_a_value_sets_is_one_that_the_rules_know() -> None:
    book = rule_book()
    for question in questionnaire().questions:
        for value in question.values:
            assert set(value.sets) <= set(book.graded) | set(book.yes_no)


TEXT = QUESTIONNAIRE_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("sets: {medical_now: unsure}", "sets: {medical: unsure}", "medical, value 'unsure'"),
        ("sets: {medical_now: unsure}", "sets: {medical_now: maybe}", "medical, value 'unsure'"),
        ('label: choice_both, sets: {debt_or_pay: "yes"}', "label: choice_both", "unpaid, value 'both'"),
        ("{value: both, label: choice_both,", "{value: both,", "unpaid, value 'both'"),
        ("when: language_known = no", "when: danger = no", "language"),
        ("under_18 = yes|unsure", "under_18 = often", "trusted_adult"),
        ("safe = yes|unsure", "safe = yes and safe = no", "danger"),
        ("and needs = more", "and needs = more and consent = more", "needs_more"),
        ("    message: ask_unpaid\n", "", "unpaid"),
        ("    message: ask_unpaid\n", "    message: ask_unpaid\n    colour: red\n", "unpaid"),
        ("id: unpaid", "id: medical", "medical"),
        ("id: unpaid", "id: staffed", "staffed"),
        ("values_from: places", "values_from: stars", "place_confirm"),
        ('message: ask_place\n    free_text: "yes"', "message: ask_place\n    free_text: perhaps", "place"),
        ("    after: child", "    after: tea", "trusted_adult"),
        ("sets: {}, after: complaint}", "sets: {}, after: tea}", "follow_up, value 'complain'"),
        ("    unclear: finish\n", "    unclear: stop\n", "anything_else"),
        (
            "places\n    values:\n      - {value: none, label: choice_none_of_these, sets",
            "places\n    values:\n      - {value: x, label: choice_x, sets",
            "place_confirm",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_questionnaire_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    assert TEXT.count(before) == 1
    broken = tmp_path / "questionnaire.yml"
    broken.write_text(TEXT.replace(before, after), encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        load_questionnaire(broken)
    assert caught.value.where == named


def test_a_question_after_one_that_is_never_asked_is_called_unreachable(tmp_path: Path) -> None:
    broken = tmp_path / "questionnaire.yml"
    never = "and block_2 = yes and under_18 = unsure and trusted_adult = skip and consent = no"
    broken.write_text(TEXT.replace("and block_2 = yes", never), encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        load_questionnaire(broken)
    assert caught.value.where == "can_leave"
