"""Free ports for the servers that tests start: outside the range from which the system takes those of outgoing connections, or one of
them could be gone before the server listens, and a part of the range for each process that runs tests beside others."""

import itertools
import os
import re
import socket
from contextlib import closing

_FIRST, _PER_WORKER = 20_000, 1_500
_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % 8
_start = _FIRST + _worker * _PER_WORKER
# Runs beside each other (two checkouts of one machine) begin at different places.
_next = itertools.count(os.getpid() % _PER_WORKER)


def free_port() -> int:
    """A port on which nobody listens."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports on which nobody listens."""
    for _ in range(_PER_WORKER):
        first = _start + next(_next) % (_PER_WORKER - count)
        if all(_is_free(port) for port in range(first, first + count)):
            for _ in range(count - 1):
                next(_next)
            return first
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
