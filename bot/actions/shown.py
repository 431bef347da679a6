"""A service as the bot shows it: the values of `say_service`."""

from bot.actions.world import Service
from core.catalogues import Catalogues
from directory.search import FoundService
from directory.telling import values


def shown(found: FoundService, language: str, catalogues: Catalogues) -> Service:
    """What may be shown of a service."""
    return Service(id=str(found.id), values=values(found, language, catalogues), is_example=found.is_example)
