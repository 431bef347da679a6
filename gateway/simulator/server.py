"""Runs the stand-in of Twilio and the phone: `python -m gateway.simulator.server`, in a demonstration only."""

import sys

import uvicorn

from core.logging import set_up_logging
from core.settings import SettingsError, get_settings
from gateway.simulator.api import make_simulator


def main() -> int:
    """Serve until told to stop. Exit code 2: the settings do not allow it."""
    try:
        settings = get_settings()
        app = make_simulator(settings)
    except SettingsError as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 2
    set_up_logging("phone", settings.log_level)
    # Addresses are not logged, and pages that are open do not hold up the end.
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=settings.port_of("phone"),
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
