"""Arguments of `waymark directory …`. What the commands need is imported when one of them runs: `waymark doctor` must not wait for it."""

import argparse
from collections.abc import Callable


def export(arguments: argparse.Namespace) -> int:
    from app.directory_commands import export_command

    return export_command(arguments)


def check(arguments: argparse.Namespace) -> int:
    from app.directory_commands import check_command

    return check_command(arguments)


def leaflet(arguments: argparse.Namespace) -> int:
    from app.directory_commands import leaflet_command

    return leaflet_command(arguments)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands to those below `waymark directory`."""

    def add(name: str, run: Callable[[argparse.Namespace], int], says: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=run)
        command.add_argument("--json", action="store_true", help="say the outcome as JSON")
        return command

    out = add("export", export, "write the published entries to a file")
    out.add_argument("--format", required=True, choices=("hsds-3.1", "hsds-3.0", "tabular", "xlsx", "csv"))
    out.add_argument(
        "--language", default=None, metavar="CODE", help="approved texts of this language where there are any"
    )
    out.add_argument("file", help="a file, or - for standard output")
    checked = add("check", check, "say what is wrong or missing in the directory, or in a file")
    checked.add_argument(
        "file",
        nargs="?",
        help="HSDS as JSON or tables, - for standard input; none: the directory itself",
    )
    checked.add_argument(
        "--version", default="3.1", choices=("3.1", "3.0"), help="version of the standard that a file is of"
    )
    printed = add("leaflet", leaflet, "print the services of an area in one language (PDF)")
    printed.add_argument("--place", required=True, help="name of the place, in any script")
    printed.add_argument("--country", metavar="CODE", help="country of the place, where its name alone is not enough")
    printed.add_argument("--language", required=True, metavar="CODE")
    printed.add_argument("file", help="a file, or - for standard output")
