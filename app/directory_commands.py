"""`waymark directory …`: the directory in pipes. What is asked for goes to standard output or a file, words about it to standard error."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from app.bootstrap import make_sessions
from app.up import resources
from core.catalogues import CatalogueError, Catalogues
from core.database import Sessions, now
from core.settings import PROJECT, Settings, read_settings
from directory.hsds.checking import CheckError, Finding, check_directory, check_documents, check_file
from directory.hsds.documents import Reader
from directory.hsds.export import export
from directory.leaflet import EmptyLeafletError, Leaflet, make_leaflet
from directory.places import look_up
from directory.review.policy import load_policy

FOUND = 1
UNREADABLE = 2


def export_command(arguments: argparse.Namespace) -> int:
    """Published entries as documents of the standard, or as a package of tables."""
    with _directory() as (settings, sessions), _output(arguments.file) as out, sessions.begin() as session:
        catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
        wanted = (arguments.language,) if arguments.language else ()
        reader = Reader(wanted, settings.demonstration, catalogues)
        progress = None if arguments.json or not sys.stderr.isatty() else (lambda count: _say(f"… {count} entries"))
        counts = export(session, arguments.format, reader, out, progress=progress)
    _say(
        json.dumps({"format": arguments.format, "written": counts})
        if arguments.json
        else ", ".join(f"{count} {name}" for name, count in counts.items())
    )
    return 0


def check_command(arguments: argparse.Namespace) -> int:
    """Findings as lines; 0: nothing that is an error, 1: errors, 2: it cannot be read at all."""
    errors = warnings = 0
    try:
        for finding in _findings(arguments):
            errors += finding.severity == "error"
            warnings += finding.severity == "warning"
            print(json.dumps(finding.as_json(), ensure_ascii=False) if arguments.json else _line(finding))
    except (CheckError, OSError) as error:
        _say(f"waymark: {error}")
        return UNREADABLE
    summary = {"errors": errors, "warnings": warnings}
    _say(json.dumps(summary) if arguments.json else f"{errors} errors, {warnings} warnings")
    return FOUND if errors else 0


def leaflet_command(arguments: argparse.Namespace) -> int:
    """A leaflet of one place. 1: the place is not known, or there is nothing to print, or two places bear the name."""
    with _directory() as (settings, sessions), sessions.begin() as session:
        catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
        places = look_up(session, arguments.place, arguments.country)
        if len(places) != 1:
            labels = ", ".join(f"{place.label} ({place.country})" for place in places)
            return _fail(f"which place? {labels}" if places else "no place of this name is known")
        leaflet = Leaflet(places[0], arguments.language, settings.demonstration, now().date())
        try:
            made = make_leaflet(session, catalogues, leaflet)
        except (EmptyLeafletError, CatalogueError) as error:
            return _fail(str(error))
        with _output(arguments.file) as out:
            out.write(made)
    _say(
        json.dumps({"place": places[0].label, "bytes": len(made)})
        if arguments.json
        else f"leaflet of {places[0].label} written"
    )
    return 0


def _findings(arguments: argparse.Namespace) -> Iterator[Finding]:
    if arguments.file == "-":
        yield from check_documents(sys.stdin.buffer, arguments.version)
    elif arguments.file:
        yield from check_file(Path(arguments.file), arguments.version)
    else:
        with _directory() as (settings, sessions), sessions.begin() as session:
            yield from check_directory(
                session, settings.languages, now().date(), load_policy(settings), demonstration=settings.demonstration
            )


def _line(finding: Finding) -> str:
    return f"{finding.severity:<8}{finding.where}: {finding.code}{f' ({finding.detail})' if finding.detail else ''}"


@contextmanager
def _directory() -> Iterator[tuple[Settings, Sessions]]:
    with resources(read_settings()) as (settings, _):
        sessions = make_sessions(settings)
        try:
            yield settings, sessions
        finally:
            sessions.engine.dispose()


@contextmanager
def _output(name: str) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears only when it is whole: half an export must not be taken for one."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as out:
        temporary = Path(out.name)
        try:
            yield out
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    temporary.chmod(0o644)
    temporary.replace(path)


def _say(line: Any) -> None:
    print(line, file=sys.stderr)


def _fail(reason: str) -> int:
    _say(f"waymark: {reason}")
    return 1
