"""`make chaos`: a storm over a whole line of its own. Prints its seed first; 1 when a promise was broken, with the ids for which it was."""

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.line import Line
from benchmarks.chaos.page import PAGE, RESULTS, page
from benchmarks.chaos.pieces import together
from benchmarks.chaos.run import Size, broken, run
from benchmarks.figures import machine
from core.settings import PROJECT
from tests.ports import free_ports

START_SECONDS = 240
MANY = "web=2,worker=3,engine=2,actions=2"


@contextmanager
def own_line(folder: Path, *, quick: bool, many: bool = False) -> Iterator[Line]:
    """`waymark up` with ports and a data folder of its own; its last lines are printed when it does not start."""
    port = free_ports(8)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
        "WAYMARK_DEMONSTRATION": "true",
        "WAYMARK_PORT": str(port),
        "WAYMARK_DATA_DIR": str(folder),
        # Shorter than the stand-in's silences, so that there are time-outs.
        "WAYMARK_TWILIO_TIMEOUT": "2",
        # Longer than Rasa's start, so that not everybody ends at the desk.
        "WAYMARK_ENGINE_TIMEOUT": "2.5" if quick else "60",
        "WAYMARK_ESCALATE_SECOND": "86400",
        "WAYMARK_ESCALATE_MANAGER": "86400",
        "PYTHONUNBUFFERED": "1",
        **({"WAYMARK_PROCESSES": MANY} if many else {}),
    }
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.chaos.quick_line"] if quick else [sys.executable, "-m", "app.cli", "up"],
        cwd=PROJECT,
        env=environment,
        stdout=(folder / "up.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    line = Line(port, folder, process.pid, environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not line.ready():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the line did not start:\n{(folder / 'up.log').read_text()[-2000:]}")
            time.sleep(0.5)
        yield line
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def main() -> int:
    """Blow once, and write down what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--conversations", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600, help="the writing ends after so long, whatever is left")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--quick-engine", action="store_true", help="a stand-in in Rasa's place, for large storms")
    parser.add_argument("--many", action="store_true", help=f"more than one of each: {MANY}")
    parser.add_argument(
        "--add", action="store_true", help="a further piece of the storm that was broken off, added to it"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder of the line, with its logs")
    parser.add_argument("--print-only", action="store_true", help="do not write the results and the page")
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="waymark-chaos-"))
    with own_line(folder, quick=wanted.quick_engine, many=wanted.many) as line:
        result = run(line, Size(wanted.messages, wanted.conversations, wanted.kills, wanted.seconds), wanted.seed)
    result["processes"] = MANY if wanted.many else "one of each"
    result["engine"] = "quick stand-in" if wanted.quick_engine else "Rasa"
    result["machine"] = machine("at the end")
    if not wanted.print_only:
        name = f"{result['engine']}, several" if wanted.many else result["engine"]
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
        if wanted.add and name in kept:
            result = together(kept[name], result)
        kept |= {name: result}
        RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(page(kept), encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))
    wrong = broken(result)
    for one in wrong:
        print(f"BROKEN  {one}", file=sys.stderr)
    if wanted.keep or wrong:
        print(f"kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
