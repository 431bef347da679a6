"""The line with the quick engine in Rasa's place, under the same supervisor; places and services are not loaded: nobody asks for them."""

import sys
from dataclasses import replace

from app import embedded
from app.migrations import migrate
from app.processes import stoppable
from app.up import programs, resources
from core.logging import set_up_logging
from core.settings import read_settings


def main() -> None:
    """Run until told to stop."""
    asked = read_settings()
    set_up_logging("up")
    supervisor = stoppable(asked.data_dir / "logs")
    with resources(asked) as (settings, made):
        migrate(settings.database_url or "")
        for program in programs(settings, made):
            quick = [sys.executable, "-m", "benchmarks.chaos.quick_engine"]
            supervisor.start(replace(program, command=quick) if program.name.startswith("engine") else program)
        supervisor.watch(beside=lambda: embedded.revive(settings.data_dir))
        supervisor.stop()


if __name__ == "__main__":
    main()
