"""The data a copy starts with: places, example services of a demonstration, the first administrator."""

from sqlalchemy import select

from cases.models import ROLES, User
from core.catalogues import Catalogues
from core.database import Sessions
from core.settings import PROJECT, Settings
from desk.accounts import create_sign_in_link, create_user
from directory.gazetteer import load_gazetteer
from directory.hsds.taxonomies import load_taxonomies
from directory.seed import seed_examples

ADMINISTRATOR = "administrator"


def load_data(sessions: Sessions, settings: Settings) -> dict[str, int]:
    """Load the gazetteer, our taxonomies and, in a demonstration, the example services. What is there already is left alone."""
    with sessions.begin() as session:
        loaded = {"places": load_gazetteer(session, settings.countries)}
        loaded["terms"] = load_taxonomies(session, Catalogues.load(PROJECT / "locale", settings.languages))
    if settings.demonstration:
        with sessions.begin() as session:
            loaded["services"] = seed_examples(session, settings)
    return loaded


def first_sign_in_link(sessions: Sessions, settings: Settings) -> str | None:
    """Path of a one-time link for the first administrator, as long as nobody has a password yet."""
    with sessions.begin() as session:
        if session.execute(select(User.id).where(User.password_hash.is_not(None)).limit(1)).first():
            return None
        user = session.execute(select(User).where(User.name == ADMINISTRATOR)).scalar_one_or_none()
        if user is None:
            # In a demonstration one person looks at everything; elsewhere who invites colleagues reads no case.
            roles = ROLES if settings.demonstration else ("administrator",)
            user = create_user(session, ADMINISTRATOR, *roles)
        token = create_sign_in_link(session, user, lifetime=settings.sign_in_link_lifetime)
    return sign_in_path(token)


def sign_in_path(token: str) -> str:
    """Where a one-time link leads."""
    return f"/desk/sign-in/{token}"
