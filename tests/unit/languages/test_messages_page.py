import runpy
from pathlib import Path

HERE = Path(__file__).parent


def test_the_page_of_messages_says_what_the_catalogue_says() -> None:
    made = runpy.run_path(str(HERE / "messages_page.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run tests/unit/languages/messages_page.py"
