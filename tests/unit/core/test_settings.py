"""A bad setting stops the start with one line that says which and why; the reference page says what there is."""

import re
from pathlib import Path

import pytest

from app.reference import PAGE, page
from core.settings import PROJECT, Settings, SettingsError, read_settings, variable_of


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("WAYMARK_PORT", "0", "greater than or equal to 1"),
        ("WAYMARK_PORT", "http", "integer"),
        ("WAYMARK_LANGUAGES", "en,xx", "no language 'xx'"),
        ("WAYMARK_LANGUAGES", " , ", "at least one"),
        ("WAYMARK_COUNTRIES", "Brazil", "country code"),
        ("DATABASE_URL", "sqlite:///x", "postgresql://"),
        ("PUBLIC_URL", "waymark.example", "http"),
        ("WAYMARK_ENGINE_KEY", "c2hvcnQ=", "32 bytes"),
        ("WAYMARK_LOG_LEVEL", "loud", "debug"),
        ("WAYMARK_ENGINE_TIMEOUT", "soon", "a number of seconds"),
        ("WAYMARK_ENGINE_TIMEOUT", "0", "more than 0"),
        ("WAYMARK_ENGINE_TIMEOUT", "nan", "a number of seconds"),
        ("WAYMARK_ACTIONS_PORT", "8000", "must differ"),
    ],
)
def test_a_wrong_setting_is_named_with_the_reason_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, why: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    said = str(caught.value)
    assert why in said
    assert "\n" not in said
    assert variable in said or "ports" in said


def test_the_value_of_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_HASH_KEY", "not-base64-but-secret")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "not-base64-but-secret" not in str(caught.value)


def test_the_reference_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text() == page(), "run python -m app.reference"


def test_every_variable_the_code_reads_is_a_setting_or_its_engine_twin() -> None:
    known = {variable_of(name) for name in Settings.model_fields}
    # Rasa's interpreter reads these from the environment that the supervisor makes for it (app/up.py).
    engine = {
        "WAYMARK_ACTIONS_URL", "WAYMARK_ENGINE_PORT", "WAYMARK_ENGINE_SECRET", "WAYMARK_ENGINE_KEY", "WAYMARK_VECTORS",
    }  # fmt: skip
    tests = {"WAYMARK_TEST_DATABASE_URL", "WAYMARK_BROWSER_TESTS"}
    found: set[str] = set()
    for folder in ("app", "bot", "cases", "core", "desk", "directory", "gateway", "screening"):
        for path in (PROJECT / folder).rglob("*.py"):
            found |= set(re.findall(r"[\"']((?:WAYMARK|TWILIO)_[A-Z_]+)[\"']", path.read_text()))
    assert found - known - engine - tests <= {"WAYMARK_NAME"}, "document these settings or remove them"


def test_a_duration_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_ENGINE_TIMEOUT", "2.5")
    assert read_settings().engine_timeout.total_seconds() == 2.5


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_DEMONSTRATION", "")
    monkeypatch.setenv("WAYMARK_PORT", "")
    assert read_settings().port == 8000


def test_ports_follow_the_first_one() -> None:
    made = read_settings(port=9100)
    assert [made.port_of(name) for name in ("web", "actions", "engine", "phone")] == [9100, 9101, 9102, 9103]


def test_several_processes_have_ports_of_their_own_and_a_wrong_number_does_not_start() -> None:
    made = read_settings(port=9100, processes="web=2,worker=3,engine=2,actions=2")
    assert [made.number_of(name) for name in ("web", "worker", "engine", "actions")] == [2, 3, 2, 2]
    assert (made.ports_of("actions"), made.ports_of("engine")) == ([9101, 9105], [9102, 9106])
    assert made.engine_addresses() == ("http://127.0.0.1:9102", "http://127.0.0.1:9106")
    assert read_settings(engine_urls="http://one:1/, http://two:2").engine_addresses() == (
        "http://one:1",
        "http://two:2",
    )
    for wrong in ("phone=2", "web", "web=0", "web=-1", "worker=33", "engine=two"):
        with pytest.raises(SettingsError):
            read_settings(processes=wrong)
    with pytest.raises(SettingsError):
        read_settings(port=9100, actions_port=9106, processes="engine=2")
    with pytest.raises(SettingsError):
        read_settings(engine_urls="ftp://one")


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    assert "s3cret" not in repr(read_settings(twilio_auth_token="s3cret"))
