"""Every table there is, in one metadata: what migrations are compared with."""

from importlib import import_module

from core.database import Base

ROOMS_WITH_TABLES = ("cases", "desk", "directory", "gateway")

MODULES = (
    *(f"{_room}.models" for _room in ROOMS_WITH_TABLES), "cases.referrals.models", "directory.exchange.models",
    "directory.review.models",
)  # fmt: skip

for _module in MODULES:
    import_module(_module)

metadata = Base.metadata
