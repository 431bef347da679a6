"""Makes the gateway of a process: Rasa over loopback, Twilio over its REST API, the languages of this copy."""

from collections.abc import Mapping

from core.catalogues import Catalogues
from core.database import Sessions
from core.languages import Language
from core.settings import Settings
from gateway.engine_client import HttpEngine
from gateway.gateway import Gateway
from gateway.twilio_client import TwilioProvider
from gateway.wording import CatalogueWording

__all__ = ["Gateway", "make_gateway"]


def make_gateway(
    settings: Settings, sessions: Sessions, languages: Mapping[str, Language], catalogues: Catalogues
) -> Gateway:
    """The gateway as it runs."""
    return Gateway(
        settings=settings,
        sessions=sessions,
        wording=CatalogueWording(languages, catalogues),
        engine=HttpEngine(settings),
        provider=TwilioProvider(settings),
    )
