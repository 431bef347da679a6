"""Every table there is, in one metadata: what migrations are compared with."""

from importlib import import_module

from core.database import Base

ROOMS_WITH_TABLES = ("cases", "desk", "directory", "gateway")

for _room in ROOMS_WITH_TABLES:
    import_module(f"{_room}.models")

metadata = Base.metadata
