from collections.abc import Mapping

import pytest

from core.catalogues import Catalogues
from core.languages import LOCALE, Language

CODES = tuple(sorted(path.parent.name for path in LOCALE.glob("*/language.yml")))


@pytest.fixture(scope="session")
def catalogues() -> Catalogues:
    return Catalogues.load(LOCALE, CODES)


@pytest.fixture(scope="session")
def languages(catalogues: Catalogues) -> Mapping[str, Language]:
    return catalogues.languages
