"""Runs a state machine of hypothesis: a few short walks in the suite, many long ones in `make fuzz`, which counts their steps."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

WALKS = "MACHINE_WALKS"
"""Variable: how many walks instead of the few of the suite."""
STEPS = "MACHINE_STEPS"
COUNT = "MACHINE_COUNT"
"""Variable: file to which a line is added, what was walked and how far."""


class Machine(RuleBasedStateMachine):
    """A machine that counts what it does. Rules call `did` with their name."""

    done: ClassVar[Counter[str]] = Counter()

    def did(self, what: str) -> None:
        """Note a step."""
        self.done[what] += 1


def walk(name: str, machine: type[Machine], *, walks: int, steps: int, **values: Any) -> Counter[str]:
    """Walk it; what was done, by rule. `values` become attributes of the machine. Raises what an invariant found."""
    done: Counter[str] = Counter()
    kind = type(machine.__name__, (machine,), {**values, "done": done})
    many = int(os.environ.get(WALKS, walks))
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=many,
            stateful_step_count=int(os.environ.get(STEPS, steps)),
            suppress_health_check=list(HealthCheck),
            deadline=None,
            # What was found is found again by its seed; a database of examples would make a run depend on those before it.
            database=None,
        ),
    )
    if COUNT in os.environ:
        with Path(os.environ[COUNT]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"machine": name, "walks": many, "steps": done.total()}) + "\n")
    return done
