"""Records for property tests: every field may say something, in any script, with what spreadsheets stumble over."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from directory.models import NEEDS
from directory.records import ServiceRecord

TRAPS = (
    "=1+1",
    "+1",
    "-x",
    "@cmd",
    "'=quoted",
    '"',
    ";",
    "a;b\\c",
    "a,b",
    "two\nlines",
    "0712",
    "ঢাকা",
    "ວຽງຈັນ",
    "1.5",
    "TRUE",
    "=",
    "'",
)
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn"))
WORDS = (st.sampled_from(TRAPS) | st.text(_LETTERS, min_size=1, max_size=20)).map(str.strip).filter(bool)
MAYBE = st.none() | WORDS
DATES = st.dates(date(2020, 1, 1), date(2035, 1, 1))
TIMES = st.times().map(lambda value: value.replace(microsecond=0, fold=0).isoformat("minutes"))
NUMBERS = st.from_regex(r"\+[1-9][0-9]{7,11}", fullmatch=True) | st.from_regex(r"0?[1-9][0-9]{2,8}", fullmatch=True)
COUNTRIES = st.sampled_from(("BD", "BR", "MA", "LA", "ZA", "ML", "BY"))
LANGUAGES = ("ar", "bn", "fr", "lo")
ZONES = st.sampled_from(("Asia/Dhaka", "America/Sao_Paulo", "Africa/Casablanca"))


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PHONES = st.lists(
    st.fixed_dictionaries(
        {"number": NUMBERS},
        optional={
            "extension": st.integers(1, 9999), "phone_type": st.sampled_from(("voice", "text", "whatsapp")), "description": MAYBE,
            "languages": st.lists(st.sampled_from(LANGUAGES), unique=True, max_size=2).map(tuple),
        },
    ), max_size=3, unique_by=lambda phone: phone["number"],
)  # fmt: skip


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(("weekly", "always", "appointment", "unknown", "closure")))
    first, last = sorted((draw(DATES), draw(DATES)))
    values: dict[str, Any] = {"kind": kind, "timezone": draw(ZONES), "notes": draw(MAYBE)}
    if kind == "weekly":
        days = draw(st.sets(st.sampled_from(("MO", "TU", "WE", "TH", "FR", "SA", "SU")), min_size=1))
        values |= {"byday": ",".join(days), "opens_at": draw(TIMES), "closes_at": draw(TIMES)}
    if kind == "closure" or draw(st.booleans()):
        values |= {"valid_from": first, "valid_to": last}
    return values


@st.composite
def locations(draw: st.DrawFn, *, hidden: bool) -> dict[str, Any]:
    country = draw(COUNTRIES)
    values = draw(optional(city=MAYBE, state_province=MAYBE, description=MAYBE, transportation=MAYBE))
    values |= {"country": country, "name": draw(st.just("") | WORDS), "is_confidential": hidden}
    values["schedules"] = draw(st.lists(schedules(), max_size=2))
    values["accessibility"] = draw(st.lists(optional(description=WORDS, details=MAYBE), max_size=2))
    if draw(st.booleans()):
        finest = 1 if hidden else 5
        values["latitude"] = round(draw(st.floats(-80, 80)), finest)
        values["longitude"] = round(draw(st.floats(-170, 170)), finest)
    if not hidden:
        values["phones"] = draw(PHONES)
        address = optional(address_2=MAYBE, city=MAYBE, postal_code=MAYBE, attention=MAYBE)
        found = draw(st.lists(st.tuples(WORDS, address), max_size=2))
        values["addresses"] = [{"address_1": street, "country": country, **more} for street, more in found]
    return values


AREAS = st.lists(
    st.fixed_dictionaries({"country": COUNTRIES}, optional={"name": MAYBE})
    | st.fixed_dictionaries({
        "country": COUNTRIES, "name": MAYBE, "latitude": st.floats(-80, 80), "longitude": st.floats(-170, 170),
        "radius_km": st.floats(0.001, 500),
    }), max_size=2,
)  # fmt: skip
TEXTS = st.dictionaries(
    st.sampled_from(LANGUAGES),
    st.fixed_dictionaries(
        {"name": WORDS, "state": st.sampled_from(("draft", "approved"))},
        optional={"description": WORDS, "eligibility_description": MAYBE, "application_process": MAYBE, "alert": MAYBE},
    ), max_size=2,
)  # fmt: skip


@st.composite
def service_records(draw: st.DrawFn) -> ServiceRecord:
    """A record without ids, as it comes from a form or a file."""
    hidden = draw(st.integers(0, 4)) == 0
    values = draw(
        optional(
            alternate_name=MAYBE, description=WORDS, email=st.just("desk@house.example"), url=st.just("https://house.example/x"),
            status=st.sampled_from(("active", "inactive", "temporarily_closed", "defunct")), closed_until=DATES, closed_reason=MAYBE,
            application_process=MAYBE, fees_description=MAYBE, interpretation_services=MAYBE, is_hotline=st.booleans(),
            eligible_sex=st.sampled_from(("any", "female", "male")), eligibility_description=MAYBE,
            eligible_nationalities=st.none() | st.lists(COUNTRIES, unique=True).map(tuple),
            legal_status=st.sampled_from(("unknown", "not_required", "required")), children_accompanying=st.none() | st.booleans(),
            documents_required=st.booleans(), walk_in=st.booleans(), referral_needed=st.booleans(),
            program=st.none() | WORDS.map(lambda name: {"name": name}),
            contacts=st.lists(st.fixed_dictionaries({"name": WORDS, "phones": PHONES}), max_size=1),
            costs=st.lists(st.fixed_dictionaries({"option": WORDS, "amount": st.integers(0, 9999).map(lambda cents: Decimal(cents) / 100)}),
                           max_size=1),
            documents=st.lists(st.fixed_dictionaries({"document": WORDS}), max_size=2, unique_by=lambda one: one["document"]),
            capacities=st.just([{"unit": "bed", "available": 3, "updated": datetime(2026, 11, 1, tzinfo=UTC)}]),
            attributes=st.lists(st.fixed_dictionaries({"taxonomy": st.sampled_from(("A", "B")), "code": st.sampled_from(("X", "Y"))}),
                                max_size=2, unique_by=lambda one: (one["taxonomy"], one["code"])),
        )
    )  # fmt: skip
    ages = sorted(round(draw(st.floats(0, 99)), 2) for _ in range(2))
    if draw(st.booleans()):
        values |= {"minimum_age": ages[0], "maximum_age": ages[1]}
    if draw(st.booleans()):
        values |= {"alert": draw(WORDS), "alert_until": draw(DATES)}
    needs = draw(st.sets(st.sampled_from(NEEDS), max_size=3))
    spoken = draw(st.sets(st.sampled_from(LANGUAGES), max_size=3))
    return ServiceRecord.model_validate(
        {
            "organization": {"name": draw(st.sampled_from(("House (example)", "Desk (example)", "=Org (example)")))},
            "country": draw(COUNTRIES), "name": draw(WORDS), "is_confidential": hidden,
            "needs": tuple(sorted(needs)), "languages": tuple(sorted(spoken)), "texts": draw(TEXTS), "phones": draw(PHONES),
            "schedules": draw(st.lists(schedules(), max_size=3)), "areas": draw(AREAS),
            "locations": draw(st.lists(locations(hidden=hidden), max_size=2)), **values,
        }
    )  # fmt: skip


def with_ids(record: ServiceRecord) -> ServiceRecord:
    """The record as if it were stored: everything has an id."""
    from uuid import uuid4

    def give(value: Any, kind: Any) -> Any:
        if isinstance(value, dict):
            made = {name: give(inner, name) for name, inner in value.items()}
            return made | {"id": uuid4()} if "id" in made else made
        return [give(item, kind) for item in value] if isinstance(value, list | tuple) else value

    return ServiceRecord.model_validate(give(record.model_dump(), ""))
