"""Lets a test plan faults, put the clock forward and speak for WhatsApp's reviewers, from outside. Loopback only."""

from datetime import timedelta

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.simulator.contents import Verdict
from gateway.simulator.errors import LATER
from gateway.simulator.faults import Fault, FaultKind
from gateway.simulator.simulator import Simulator
from gateway.simulator.webhooks import is_loopback


class Plan(BaseModel):
    """A fault to plan."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    times: int = Field(1, ge=1, le=100000)
    seconds: float = Field(15.0, ge=0, le=120)
    code: int = 30003


class Clock(BaseModel):
    """A step of the clock, forward only: what happened stays in the past."""

    model_config = ConfigDict(extra="forbid")

    forward: float = Field(ge=0, le=366 * 86400)


class Review(BaseModel):
    """What WhatsApp says of templates from now on."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict


def make_router(simulator: Simulator) -> APIRouter:
    """Routes that read, add and clear faults, step the clock and decide on templates."""
    router = APIRouter(prefix="/simulator")

    @router.post("/faults", status_code=201)
    async def plan(request: Request, wanted: Plan) -> list[Fault]:
        _here(request)
        if wanted.code not in LATER:
            raise HTTPException(422, "not valid: code")
        simulator.faults.plan(wanted.kind, times=wanted.times, seconds=wanted.seconds, code=wanted.code)
        return simulator.faults.planned()

    @router.get("/faults")
    async def planned(request: Request) -> list[Fault]:
        _here(request)
        return simulator.faults.planned()

    @router.delete("/faults", status_code=204)
    async def clear(request: Request) -> Response:
        _here(request)
        simulator.faults.clear()
        return Response(status_code=204)

    @router.post("/clock")
    async def step(request: Request, wanted: Clock) -> dict[str, str]:
        _here(request)
        simulator.ahead += timedelta(seconds=wanted.forward)
        return {"now": simulator.now().isoformat()}

    @router.post("/templates", status_code=204)
    async def review(request: Request, wanted: Review) -> Response:
        _here(request)
        simulator.contents.verdict = wanted.verdict
        return Response(status_code=204)

    _add_counts(router, simulator)
    return router


def _add_counts(router: APIRouter, simulator: Simulator) -> None:
    @router.get("/journal")
    async def journal(request: Request) -> list[dict[str, str | int | None]]:
        _here(request)
        # What was really taken over and posted, in that order, without a word of it: a load test counts by it.
        return [
            {
                "sid": message.sid,
                "direction": "inbound" if message.inbound else "outbound",
                "person": str(message.person),
                "status": message.status,
                "callback": message.callback,
                "hook": message.hook,
            }
            for message in simulator.state.messages.values()
        ]

    @router.get("/pending")
    async def pending(request: Request) -> int:
        _here(request)
        # Written, and not yet answered by the webhook.
        return sum(message.inbound and message.hook == "pending" for message in simulator.state.messages.values())


def _here(request: Request) -> None:
    if request.client is None or not is_loopback(request.client.host):
        raise HTTPException(403, "only from this computer")
