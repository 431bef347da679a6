"""The web process: Twilio's webhooks, the desk and the health page in one application."""

import gc
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse

from app.bootstrap import Rooms, make_rooms
from app.health import Health
from app.processes import SOCKET
from core.logging import set_up_logging
from core.settings import Settings, SettingsError, get_settings
from desk.live import Live
from desk.web import make_router as make_desk_router
from desk.web import mount_static
from desk.web_confirm import make_confirm_router
from desk.web_partner import make_partner_router
from directory.hsds.web import Api
from directory.hsds.web import make_router as make_directory_router
from gateway.webhooks import make_router as make_webhook_router


def make_web(rooms: Rooms) -> FastAPI:
    """The application. It publishes no API description but the directory's own: what is not for Twilio or for staff is nobody's."""
    live = Live(rooms.settings.database_url or "")

    @asynccontextmanager
    async def lifespan(_web: FastAPI) -> AsyncIterator[None]:
        rooms.follower.start()
        async with live.running():
            yield
        rooms.close()

    web = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    health = Health(rooms.settings, rooms.sessions, lambda: live.connected)
    web.include_router(make_webhook_router(rooms.gateway))
    web.include_router(make_desk_router(rooms.desk(live)))
    web.include_router(make_confirm_router(rooms.settings, rooms.sessions))
    web.include_router(make_partner_router(rooms.settings, rooms.sessions))
    if publishes_directory(rooms.settings):
        web.include_router(make_directory_router(make_api(rooms)))
    mount_static(web)

    @web.get("/health")
    def look() -> JSONResponse:
        parts = health.look()
        ready = all(part.ready for part in parts.values())
        return JSONResponse(
            {
                "status": "not ready" if not ready else "degraded" if health.degraded else "ready",
                "parts": {name: part.as_json() for name, part in parts.items()},
                "degraded": [
                    {"part": one.part, "since": one.since.isoformat(), "reason": one.reason, "remedy": one.remedy}
                    for one in health.degraded
                ],
            },
            status_code=200 if ready else 503,
            headers={"Cache-Control": "no-store"},
        )

    @web.get("/", include_in_schema=False)
    def front() -> RedirectResponse:
        return RedirectResponse("/desk")

    return web


def settle() -> None:
    """Leave what the start has made out of every later collection: going over all of it again stopped each page for a third of a second."""
    gc.collect()
    gc.freeze()


def publishes_directory(settings: Settings) -> bool:
    """Whether anybody may read the directory: outside a demonstration somebody has to say so."""
    return settings.directory_api == "on" or (settings.directory_api == "demonstration" and settings.demonstration)


def make_api(rooms: Rooms) -> Api:
    """The directory's read API, over the address under which the webhooks are reached."""
    return Api(
        rooms.sessions, rooms.catalogues, rooms.settings.public_base(), demonstration=rooms.settings.demonstration
    )


def main() -> int:
    """Serve until told to stop; 1 when a setting is wrong. The access log is off: a URL may hold what belongs to nobody."""
    try:
        settings = get_settings()
        set_up_logging("web", settings.log_level)
        rooms = make_rooms(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    server = uvicorn.Server(
        uvicorn.Config(
            make_web(rooms),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    settle()
    # `waymark up` keeps the socket: Twilio's calls wait in it while this process is started again.
    kept = os.environ.get(SOCKET)
    server.run(sockets=[socket.socket(fileno=int(kept))] if kept else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
