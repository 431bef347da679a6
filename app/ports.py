"""The ports on which the processes of a copy listen, and whether they are free."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Literal

from core.settings import Settings

Process = Literal["web", "actions", "engine", "phone"]
PROCESSES: tuple[Process, ...] = ("web", "actions", "engine", "phone")


def _wanted(settings: Settings) -> Iterator[tuple[Process, int]]:
    for name in PROCESSES if settings.demonstration else PROCESSES[:-1]:
        ports = settings.ports_of(name) if name in ("actions", "engine") else [settings.port_of(name)]
        yield from ((name, port) for port in ports)


def look(settings: Settings) -> Iterator[tuple[Process, int, str | None]]:
    """Each process that listens, its port, and why it could not listen there now; None: the port is free."""
    for name, port in _wanted(settings):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host if name == "web" else "127.0.0.1", port))
            except OSError as error:
                yield name, port, os.strerror(error.errno or 0)
            else:
                yield name, port, None
