"""The directory is read by anybody only where somebody has said so."""

import pytest

from app.web import publishes_directory
from core.settings import Settings, SettingsError, read_settings


@pytest.mark.parametrize(
    ("said", "demonstration", "published"),
    [
        ("demonstration", True, True), ("demonstration", False, False), ("on", False, True), ("off", True, False),
    ],
)  # fmt: skip
def test_the_read_api_is_a_decision(settings: Settings, said: str, *, demonstration: bool, published: bool) -> None:
    chosen = settings.model_copy(update={"directory_api": said, "demonstration": demonstration})
    assert publishes_directory(chosen) is published


def test_outside_a_demonstration_it_is_off_until_it_is_switched_on() -> None:
    assert not publishes_directory(read_settings())
    with pytest.raises(SettingsError):
        read_settings(directory_api="perhaps")
