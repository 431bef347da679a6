"""Translation by a machine, as an interface only: no text of a person leaves this deployment unless somebody decided it.

There is no provider. A deployment that has decided (with its data protection officer) writes one, registers it in PROVIDERS, and names it
in WAYMARK_TRANSLATION_PROVIDER; a name that is not registered does not start. The thread shows the original always; a translation would
stand below it and say that a machine made it.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from core.settings import Settings


class Translator(Protocol):
    """What a provider must do."""

    def translate(self, text: str, *, to: str, source: str | None) -> str | None:
        """The text in another language (codes of BCP 47); None when it cannot say. Must keep no copy and raise nothing."""
        ...


PROVIDERS: Mapping[str, Callable[[Settings], Translator]] = {}
"""By the name that the setting gives. Empty on purpose."""


class UnknownProvider(Exception):  # noqa: N818
    """The setting names a provider that is not registered. The text is for whoever starts the program."""


def translator(
    settings: Settings, providers: Mapping[str, Callable[[Settings], Translator]] = PROVIDERS
) -> Translator | None:
    """The provider that the deployment has decided on; None: there is none, which is the default. Raises UnknownProvider."""
    name = settings.translation_provider
    if not name:
        return None
    if name not in providers:
        raise UnknownProvider(f"WAYMARK_TRANSLATION_PROVIDER={name!r}: known are {sorted(providers) or 'none'}")
    return providers[name](settings)
