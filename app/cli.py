"""The command line: `waymark up | migrate | train | seed | create-user | doctor | languages | chat | understand | triage`."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from app.directory_cli import add_commands as add_directory_commands
from core.settings import Settings, SettingsError, read_settings


def _settings() -> Settings:
    """Settings for a command at the terminal; the embedded database and made keys are added where a command needs them."""
    return read_settings()


def up(_arguments: argparse.Namespace) -> int:
    from app.up import up as run

    return run(_settings())


def migrate(_arguments: argparse.Namespace) -> int:
    from app.migrations import SchemaError
    from app.migrations import migrate as run
    from app.up import resources

    try:
        with resources(_settings()) as (settings, _):
            before, after = run(settings.database_url or "")
    except SchemaError as error:
        return _fail(str(error))
    print(f"schema {before or 'empty'} -> {after}")
    return 0


def train(_arguments: argparse.Namespace) -> int:
    from app import training

    settings = _settings()
    if training.is_current(settings.model):
        print("the model is current")
        return 0
    print("… the model learns what people write", flush=True)
    try:
        training.train(settings.model, settings.data_dir / "logs" / "train.log")
    except training.TrainingError as error:
        return _fail(str(error))
    print("trained")
    return 0


def seed(_arguments: argparse.Namespace) -> int:
    from app.bootstrap import make_sessions
    from app.data import load_data
    from app.up import resources

    with resources(_settings()) as (settings, _):
        sessions = make_sessions(settings)
        loaded = load_data(sessions, settings)
        sessions.engine.dispose()
    print(json.dumps(loaded))
    return 0


def create_user(arguments: argparse.Namespace) -> int:
    from app.bootstrap import make_sessions
    from app.data import sign_in_path
    from app.up import resources
    from desk.accounts import AccountError, create_sign_in_link
    from desk.accounts import create_user as create

    with resources(_settings()) as (settings, _):
        sessions = make_sessions(settings)
        try:
            with sessions.begin() as session:
                user = create(session, arguments.name, *arguments.role)
                token = create_sign_in_link(session, user, lifetime=settings.sign_in_link_lifetime)
        except AccountError as error:
            return _fail(str(error))
        finally:
            sessions.engine.dispose()
    hours = settings.sign_in_link_lifetime.total_seconds() / 3600
    print(f"{arguments.name} ({', '.join(user.roles)}) signs in once, within {hours:.0f} hours, at")
    print(f"{settings.public_base()}{sign_in_path(token)}")
    return 0


def doctor(_arguments: argparse.Namespace) -> int:
    from app.doctor import examine

    try:
        settings = _settings()
    except SettingsError as error:
        return _fail(f"{error}\n  remedy: docs/reference/settings.md lists every setting")
    well = True
    for finding in examine(settings):
        well = well and finding.well
        print(f"{'ok     ' if finding.well else 'WRONG  '}{finding.part}: {finding.says}")
        if not finding.well:
            print(f"       remedy: {finding.remedy}")
    return 0 if well else 1


def languages(arguments: argparse.Namespace) -> int:
    from app.languages_page import mark, standings, table
    from core.languages import LanguageError
    from core.reviews import ReviewError

    try:
        if arguments.mark_reviewed:
            code, *keys = arguments.mark_reviewed
            print(f"{code}: {mark(code, keys, by=arguments.by or '')} marked as reviewed")
        else:
            print(table(standings(_settings())))
    except (ReviewError, LanguageError) as error:
        return _fail(str(error))
    return 0


def chat(arguments: argparse.Namespace) -> int:
    from app.chat import chat as run
    from app.chat import replay

    if arguments.replay:
        return replay(_settings(), arguments.replay)
    return run(_settings(), language=arguments.language, channel=arguments.channel)


def understand(arguments: argparse.Namespace) -> int:
    from app.understanding import UnderstandingError
    from app.understanding import understand as run

    try:
        with _lines(arguments.file) as lines:
            return run(_settings(), iter(lines), sys.stdout)
    except (UnderstandingError, OSError) as error:
        return _fail(str(error))


def triage(arguments: argparse.Namespace) -> int:
    from screening.cli import triage_lines

    try:
        with _lines(arguments.file) as lines:
            return triage_lines(lines, sys.stdout)
    except OSError as error:
        return _fail(str(error))


def replay_rejected(_arguments: argparse.Namespace) -> int:
    from app.bootstrap import make_rooms
    from app.up import resources
    from gateway.replay import replay_rejected as run

    with resources(_settings()) as (settings, _):
        rooms = make_rooms(settings)
        try:
            replayed, left = run(rooms.gateway)
        finally:
            rooms.close()
    print(f"{replayed} replayed, {left} still refused")
    return 0


def reconcile(_arguments: argparse.Namespace) -> int:
    from app.bootstrap import make_rooms
    from app.up import resources
    from gateway.errors import ProviderError
    from gateway.reconcile import reconcile as run

    with resources(_settings()) as (settings, _):
        rooms = make_rooms(settings)
        try:
            listed, taken_in = run(rooms.gateway)
        except ProviderError as error:
            return _fail(f"Twilio did not list its messages: {type(error).__name__}")
        finally:
            rooms.close()
    print(f"{listed} listed, {taken_in} had not reached us and are stored now")
    return 0


def templates(arguments: argparse.Namespace) -> int:
    from app.templates import templates as run
    from app.up import resources
    from gateway.errors import ProviderError

    try:
        with resources(_settings()) as (settings, _):
            return run(settings, arguments.action, sys.stdout)
    except ProviderError as error:
        return _fail(f"Twilio did not do it: {error or type(error).__name__}")


def keys(arguments: argparse.Namespace) -> int:
    from app import keys as run
    from app import tables
    from app.bootstrap import make_sessions
    from app.up import resources

    if arguments.action == "new":
        key_id, path = run.add_key(_settings(), arguments.kind)
        print(f"{key_id} is the first key in {path.name}: back that file up apart from the database")
        if path.name == "secrets.json":
            print("start this copy anew, then run `waymark keys rotate`")
        else:
            print("running processes take it up within seconds; then run `waymark keys rotate`")
        return 0
    with resources(_settings()) as (settings, _):
        assert tables.metadata.tables  # noqa: S101 - importing it brought every table
        sessions = make_sessions(settings)
        try:
            if arguments.action == "let-go":
                return run.let_go(sessions, sys.stdout, lost=arguments.lost)
            return (run.rotate_all if arguments.action == "rotate" else run.standing)(sessions, settings, sys.stdout)
        finally:
            sessions.engine.dispose()


def backup(arguments: argparse.Namespace) -> int:
    from app.backup import BackupError
    from app.backup import backup as run
    from app.up import resources
    from core.key_providers import keys_text

    with resources(_settings()) as (settings, _):
        try:
            made = run(
                settings, arguments.folder, _passphrase(arguments.passphrase_file, twice=True), keys_text(settings)
            )
        except BackupError as error:
            return _fail(str(error))
    for path, what in zip(
        made, ("the data", "the keys: keep this file somewhere else, and only the newest"), strict=True
    ):
        print(f"{path}  {what}")
    return 0


def restore(arguments: argparse.Namespace) -> int:
    from app.restore import RestoreError, keep_keys, missing_keys
    from app.restore import restore as run
    from app.up import resources

    passphrase = _passphrase(arguments.passphrase_file)
    with resources(_settings()) as (settings, _):
        try:
            secrets, rows = run(
                arguments.data, arguments.keys, passphrase, settings.database_url or "", settings.engine_database_url
            )
        except (RestoreError, OSError) as error:
            return _fail(str(error))
        path = keep_keys(settings, secrets)
        missing = missing_keys(settings.database_url or "", secrets)
    print(f"{sum(rows.values())} rows of {len(rows)} tables are back, counted and opened; the keys are in {path}")
    if missing:
        print(
            f"people are found by {', '.join(missing)}, which is not in that file: put it into WAYMARK_HASH_KEY, behind the newer one,"
        )
        print(
            "or, if it is gone, run `waymark keys let-go --lost`: they are known by their numbers, and their words hold no more"
        )
    print(
        "what waited to be sent when the backup was made is shown to staff as uncertain; `waymark reconcile` brings in what came since"
    )
    return 0


def _passphrase(path: Path | None, *, twice: bool = False) -> str:
    """From a file, or typed: never an argument, which every user of the machine and the shell's history would see."""
    if path is not None:
        said = path.read_text(encoding="utf-8").strip()
    else:
        said = getpass.getpass("passphrase: ")
        if twice and said != getpass.getpass("once more: "):
            raise SettingsError("the two passphrases differ")
    if len(said) < 12:
        raise SettingsError("a passphrase needs 12 characters")
    return said


def complaints(arguments: argparse.Namespace) -> int:
    from app.bootstrap import make_sessions
    from app.complaints import ComplaintsError, show
    from app.up import resources
    from core.encryption import Cipher, use_cipher

    with resources(_settings()) as (settings, _):
        use_cipher(Cipher.from_settings(settings))
        sessions = make_sessions(settings)
        try:
            show(sessions, settings, sys.stdout, by=arguments.by, reference=arguments.reference, close=arguments.close)
        except ComplaintsError as error:
            return _fail(str(error))
        finally:
            sessions.engine.dispose()
    return 0


def directory_import(arguments: argparse.Namespace) -> int:
    from app.importing import import_file
    from app.up import resources

    with resources(_settings()) as (settings, _):
        return import_file(
            settings,
            arguments.file,
            sys.stdout,
            format_=arguments.format,
            country=arguments.country,
            write=arguments.apply or arguments.publish or arguments.all_or_nothing,
            publish=arguments.publish,
            all_or_nothing=arguments.all_or_nothing,
            as_json=arguments.json,
            language=arguments.language,
        )


def directory_undo(arguments: argparse.Namespace) -> int:
    from app.importing import undo_batch
    from app.up import resources

    with resources(_settings()) as (settings, _):
        return undo_batch(settings, arguments.batch, sys.stdout, as_json=arguments.json)


def _lines(name: str) -> IO[str]:
    """A file of JSON lines, or standard input for `-`. Bytes that are not UTF-8 become replacement marks, not errors."""
    if name == "-":
        return open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)
    return Path(name).open(encoding="utf-8", errors="replace")


def _fail(reason: str) -> int:
    print(f"waymark: {reason}", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    made = argparse.ArgumentParser(prog="waymark", description="A messaging assistant for migrant self-referral.")
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], says: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=run)
        return command

    add("up", up, "start everything and stay until Ctrl-C")
    add("migrate", migrate, "bring the database's schema up to date")
    add("train", train, "train the model, if its sources changed")
    add("seed", seed, "load places and, in a demonstration, example services")
    user = add("create-user", create_user, "create a staff account and print its one-time sign-in link")
    user.add_argument("name")
    user.add_argument("--role", nargs="+", default=["caseworker"], metavar="ROLE", help="one or several roles")
    add("doctor", doctor, "say what is missing or wrong, each with its remedy")
    spoken = add("languages", languages, "how far each language is: texts, who has read them, what they cost")
    spoken.add_argument(
        "--mark-reviewed",
        nargs="+",
        metavar=("CODE", "KEY"),
        help="note that these texts were read as they stand now; `safety` and `all` stand for many",
    )
    spoken.add_argument("--by", metavar="NAME", help="the native speaker who read them")
    talk = add("chat", chat, "the same conversation in a terminal, through the real webhook of a running copy")
    talk.add_argument("--language", metavar="CODE", help="begin by choosing this language")
    talk.add_argument("--channel", default="sms", choices=("sms", "whatsapp"))
    talk.add_argument("--replay", metavar="FILE", type=Path, help="play a scripted conversation and say what differs")
    understanding = add("understand", understand, "JSON lines of messages in, language, intent and confidence out")
    understanding.add_argument("file", help="a file, or - for standard input")
    screening = add("triage", triage, "JSON lines of answers in, level and rules out")
    screening.add_argument("file", help="a file, or - for standard input")
    add("replay-rejected", replay_rejected, "handle the webhooks that were refused, if their signature is right now")
    add("reconcile", reconcile, "compare Twilio's list of messages with ours and take in what never reached us")
    sealing = add(
        "keys", keys, "the keys of what is stored: how far it is sealed with the newest, a new one, sealing anew"
    )
    sealing.add_argument("action", nargs="?", default="list", choices=("list", "new", "rotate", "let-go"))
    sealing.add_argument(
        "kind", nargs="?", default="data", choices=("data", "numbers", "bot"), help="of what a new key is to be"
    )
    sealing.add_argument("--lost", action="store_true", help="let-go: the key of the hashes is there no more")
    kept = add("backup", backup, "write data and keys into two sealed files")
    kept.add_argument("folder", type=Path)
    back = add("restore", restore, "bring a backup back into an empty database, and check that it is whole")
    back.add_argument("data", type=Path)
    back.add_argument("keys", type=Path)
    for command in (kept, back):
        command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="asked for at the terminal if absent")
    apart = add("complaints", complaints, "complaints about staff and places, for the one who is named to read them")
    apart.add_argument(
        "reference", nargs="?", metavar="REFERENCE", help="the one to read, for example C11; none: the list"
    )
    apart.add_argument("--by", required=True, metavar="NAME", help="your account: every reading is written down")
    apart.add_argument("--close", action="store_true", help="the complaint is dealt with")
    waiting = add("templates", templates, "the WhatsApp message that an answer waits: its approval in each language")
    waiting.add_argument("action", nargs="?", default="list", choices=("list", "submit", "refresh"))
    services = commands.add_parser("directory", help="bring services into the directory, and out of it")
    below = services.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _directory(below)
    add_directory_commands(below)
    return made


def _directory(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands of `waymark directory`."""

    def add(name: str, run: Callable[[argparse.Namespace], int], says: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=run)
        return command

    bring = add("import", directory_import, "look at a file of services; with --apply, write what is not refused")
    bring.add_argument("file", help="a file, the folder of a tabular package, or - for standard input")
    bring.add_argument("--apply", action="store_true", help="write; without it nothing is written")
    bring.add_argument("--publish", action="store_true", help="write, and tell people of new entries at once")
    bring.add_argument("--all-or-nothing", action="store_true", help="write, but nothing if any entry is refused")
    bring.add_argument(
        "--format", choices=("csv", "xlsx", "hsds-json", "tabular"), help="told by the content if absent"
    )
    bring.add_argument("--country", metavar="CODE", help="of HSDS entries that do not say theirs")
    bring.add_argument("--json", action="store_true", help="JSON lines: one an entry, the counts last")
    bring.add_argument(
        "--language", default="en", metavar="CODE", help="say what is wrong in a language of the desk's pages"
    )
    back = add("undo", directory_undo, "undo an import; entries that changed since then are left and named")
    back.add_argument("batch", help="the id that the import printed")
    back.add_argument("--json", action="store_true", help="one JSON object")


def main() -> None:
    """Run a command; a wrong setting ends it with one line that says which and why."""
    arguments = parser().parse_args()
    try:
        code = arguments.run(arguments)
    except SettingsError as error:
        code = _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
