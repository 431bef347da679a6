"""`waymark directory import` and `undo` say what they do and end with the code that a script can rely on."""

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.importing import import_file, undo_batch
from core.settings import Settings, read_settings

GOOD = "organization,country,name,needs\nHouse (example),BD,Beds (example),shelter\n"
BAD = GOOD + "House (example),BD,Else (example),rescue\n"


@pytest.mark.usefixtures("cipher")
def test_a_file_is_looked_at_written_and_undone(
    settings: Settings, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = read_settings(**(settings.model_dump() | {"database_url": database_url}))
    path = tmp_path / "list.csv"
    path.write_text(BAD)
    out = io.StringIO()
    assert import_file(mine, str(path), out) == 1
    assert "+ row 2: Beds (example)" in out.getvalue()
    assert "needs: Please choose from the list.; correct the value" in out.getvalue()
    out_in_french = io.StringIO()
    assert import_file(mine, str(path), out_in_french, language="fr") == 1
    assert "corrigez la valeur" in out_in_french.getvalue()
    assert "nothing was written" in out.getvalue()
    out = io.StringIO()
    assert import_file(mine, str(path), out, write=True, all_or_nothing=True) == 1
    assert import_file(mine, str(tmp_path / "none.csv"), out) == 2
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(GOOD.encode())))
    out = io.StringIO()
    assert import_file(mine, "-", out, write=True, publish=True, as_json=True) == 0
    entry, summary = (json.loads(line) for line in out.getvalue().splitlines())
    assert (entry["action"], summary["counts"]["create"], summary["applied"]) == ("create", 1, True)
    out = io.StringIO()
    assert undo_batch(mine, summary["batch"], out) == 0
    assert re.match("1 removed", out.getvalue())
    assert undo_batch(mine, summary["batch"], out) == 2
    assert undo_batch(mine, "nonsense", out) == 2
