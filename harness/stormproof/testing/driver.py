"""Proves a `Driver`: `fail` only where it certainly had no effect, `ok` only where the system said so, and `info` for all else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpx

from stormproof.drivers.driver import Driver, Reply
from stormproof.drivers.http.driver import connections
from stormproof.spec.system import System
from stormproof.spec.workload import key
from stormproof.testing.claims import claim
from stormproof.testing.serving import Serve, over_http


class Behaviour(StrEnum):
    """How the system behaves when it is asked.

    `absent`: nobody listens. `closes`: it reads the request and closes the connection. `truncates`: it sends a part of an answer that
    accepts, and closes. `silent`: it reads and never answers. `garbles`: its answer is not the protocol. `accepts`: it accepts the work, the
    id of which is `TASK_ID`, and the status of that is success. `accepts_without_id`: it accepts and names no id. `refuses`: it says that it
    has not done it. `breaks`: it reports an error of its own.
    """

    ABSENT = "absent"
    CLOSES = "closes"
    TRUNCATES = "truncates"
    SILENT = "silent"
    GARBLES = "garbles"
    ACCEPTS = "accepts"
    ACCEPTS_WITHOUT_ID = "accepts_without_id"
    REFUSES = "refuses"
    BREAKS = "breaks"


TASK_ID = "0d7a5e6c-1f52-4f0e-9d0c-5a3e8c1b2f44"
"""The id that a server gives to what it accepts."""

_WANTED: dict[Behaviour, str] = {
    Behaviour.ABSENT: "fail",
    Behaviour.CLOSES: "info",
    Behaviour.TRUNCATES: "info",
    Behaviour.SILENT: "info",
    Behaviour.GARBLES: "info",
    Behaviour.ACCEPTS: "ok",
    Behaviour.ACCEPTS_WITHOUT_ID: "info",
    Behaviour.REFUSES: "fail",
    Behaviour.BREAKS: "info",
}
_WHEN: dict[Behaviour, str] = {
    Behaviour.ABSENT: "nobody listens",
    Behaviour.CLOSES: "the connection is closed after the request was read",
    Behaviour.TRUNCATES: "the answer is cut off",
    Behaviour.SILENT: "no answer comes",
    Behaviour.GARBLES: "the answer is not the protocol",
    Behaviour.ACCEPTS: "the system accepts",
    Behaviour.ACCEPTS_WITHOUT_ID: "the answer accepts and names no id",
    Behaviour.REFUSES: "the system refuses",
    Behaviour.BREAKS: "the system reports an error of its own",
}

_UNKNOWN = (Behaviour.CLOSES, Behaviour.TRUNCATES, Behaviour.SILENT, Behaviour.GARBLES)

Make = Callable[[System, httpx.AsyncClient, Callable[[str], str]], Driver]


def check_driver(
    make: Make,
    system: System,
    serve: Callable[[Behaviour], AbstractAsyncContextManager[str]] | None = None,
    *,
    within_s: float = 10.0,
) -> None:
    """Prove the driver that `make` makes for such a system; `make` takes what a driver's class takes, and bounds its patience to a second
    or so.

    `serve`: an async context manager that yields the address of a server that behaves so, as the system's component; one that speaks HTTP
    as the description says, where it is None. `within_s`: how long one operation may take. Call it where no event loop runs. Raises
    AssertionError.
    """
    asyncio.run(_check(make, system, serve or over_http(system, TASK_ID), within_s))


async def _check(make: Make, system: System, serve: Serve, within_s: float) -> None:
    async with connections() as http:
        for behaviour in Behaviour:
            async with serve(behaviour) as address:
                driver = make(system, http, _always(address))
                await _submission(driver, behaviour, within_s)
                await _status(driver, behaviour, within_s)


def _always(address: str) -> Callable[[str], str]:
    return lambda component: address


async def _submission(driver: Driver, behaviour: Behaviour, within_s: float) -> None:
    reply = await _asked(lambda: driver.submit(key("c0de", 1)), f"submit, where {_WHEN[behaviour]},", within_s)
    what = f"submit is {reply.outcome!r} where {_WHEN[behaviour]}"
    claim(reply.outcome == _WANTED[behaviour], f"{what}, and should be {_WANTED[behaviour]!r}{_why(behaviour)}")
    if behaviour is Behaviour.ACCEPTS:
        claim(
            reply.task_id == TASK_ID, f"submit returns the task id {reply.task_id!r}, and the answer says {TASK_ID!r}"
        )
        claim(not reply.error, f"submit returns an error where {_WHEN[behaviour]}: {reply.error}")
    else:
        claim(reply.error, f"{what}, and does not say why in `error`")
        claim("\n" not in reply.error, f"{what}, and `error` is more than one line: {reply.error!r}")


async def _status(driver: Driver, behaviour: Behaviour, within_s: float) -> None:
    reply = await _asked(lambda: driver.status(TASK_ID), f"status, where {_WHEN[behaviour]},", within_s)
    claim(
        reply.task_id == TASK_ID,
        f"status, where {_WHEN[behaviour]}, returns the task id {reply.task_id!r} for {TASK_ID!r}",
    )
    if behaviour is Behaviour.ACCEPTS:
        claim(
            reply.outcome == "ok" and reply.state and reply.terminal and reply.success,
            f"status does not return ok, a state, terminal and success for a task that has succeeded: {reply}",
        )
    elif behaviour in (*_UNKNOWN, Behaviour.ABSENT, Behaviour.BREAKS):
        claim(reply.outcome != "ok", f"status is 'ok' where {_WHEN[behaviour]}, and should not be")
        claim(
            not (reply.state or reply.terminal or reply.success),
            f"status returns a state where {_WHEN[behaviour]}: {reply.state!r}",
        )


async def _asked(ask: Callable[[], Awaitable[Any]], what: str, within_s: float) -> Reply:
    try:
        async with asyncio.timeout(within_s):
            reply = await ask()
    except TimeoutError as error:
        raise AssertionError(f"{what} does not return within {within_s:g} s, or raises TimeoutError") from error
    except Exception as error:
        raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error
    if not isinstance(reply, Reply):
        raise AssertionError(f"{what} returns no Reply: {reply!r}")
    return reply


def _why(behaviour: Behaviour) -> str:
    if behaviour in _UNKNOWN:
        return ": nobody knows whether the system has done it"
    return ": nothing reached the system" if behaviour is Behaviour.ABSENT else ""


if TYPE_CHECKING:
    from stormproof.drivers.driver import Counts, Diagnoses, HoldsBack
    from stormproof.drivers.http.driver import HttpDriver

    _http: type[Driver] = HttpDriver
    _counts: type[Counts] = HttpDriver
    _holds_back: type[HoldsBack] = HttpDriver
    _diagnoses: type[Diagnoses] = HttpDriver
