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

    def here(request: Request) -> None:
        if request.client is None or not is_loopback(request.client.host):
            raise HTTPException(403, "only from this computer")

    @router.post("/faults", status_code=201)
    async def plan(request: Request, wanted: Plan) -> list[Fault]:
        here(request)
        if wanted.code not in LATER:
            raise HTTPException(422, "not valid: code")
        simulator.faults.plan(wanted.kind, times=wanted.times, seconds=wanted.seconds, code=wanted.code)
        return simulator.faults.planned()

    @router.get("/faults")
    async def planned(request: Request) -> list[Fault]:
        here(request)
        return simulator.faults.planned()

    @router.delete("/faults", status_code=204)
    async def clear(request: Request) -> Response:
        here(request)
        simulator.faults.clear()
        return Response(status_code=204)

    @router.post("/clock")
    async def step(request: Request, wanted: Clock) -> dict[str, str]:
        here(request)
        simulator.ahead += timedelta(seconds=wanted.forward)
        return {"now": simulator.now().isoformat()}

    @router.post("/templates", status_code=204)
    async def review(request: Request, wanted: Review) -> Response:
        here(request)
        simulator.contents.verdict = wanted.verdict
        return Response(status_code=204)

    return router
