"""The admin interface: a person breaks the API by hand, beside what the run's manifest does.

On a loopback port of its own, so that it answers during an outage. Every request needs the token, and every override
is journalled, since a verdict over a run that somebody touched has to be able to say so.

    GET    /state              what acts now, what is held
    POST   /overrides          {"kind": "latency", "for": "2m", "intensity": 0.5, "parameters": {"delay": "1s"}}
    DELETE /overrides/{id}     end one
"""

from __future__ import annotations

import hmac
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.api.faults import EFFECTS
from simulator.api.platform import Platform
from simulator.catalog.faults import BY_NAME
from simulator.clock import rfc3339
from simulator.errors import InputError, did_you_mean
from simulator.profile.activity import parameter
from simulator.profile.schema import Fault

TOKEN_VARIABLE: Final = "CRYBSIM_ADMIN_TOKEN"  # noqa: S105 - the variable's name
MOST_OVERRIDES: Final = 100
LARGEST_BODY: Final = 64 * 1024


class AdminToken:
    """The secret of the admin interface: from the environment, else made and kept in a file that only we can read.

    `path` is the file, where there is one; it lies in `folder`, or in the system's folder for temporary files.
    """

    def __init__(self, folder: Path | None, instance: str, environment: Mapping[str, str]) -> None:
        given = environment.get(TOKEN_VARIABLE)
        self.path: Path | None = None
        self._value = given or secrets.token_urlsafe(24)
        if given is None:
            where = folder or Path(tempfile.gettempdir())
            own = instance if folder else f"{instance}-{os.getpid()}"
            self.path = where / f"crybsim-admin-{own}.token"
            self.path.unlink(missing_ok=True)
            try:
                file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except OSError as error:
                raise InputError(f"{self.path}: the admin token cannot be written: {error.strerror}") from error
            with os.fdopen(file, "w") as out:
                out.write(self._value + "\n")

    def fits(self, header: str | None) -> bool:
        """Whether an `Authorization` header carries the token."""
        return hmac.compare_digest((header or "").encode(), f"Bearer {self._value}".encode())

    def forget(self) -> None:
        """Remove the file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


class OverrideJournal:
    """One JSON line for each thing done by hand: to a file beside the manifest, or to stderr."""

    def __init__(self, path: Path | None, instance: str) -> None:
        self._path = path
        self._instance = instance

    def write(self, now_ms: int, action: str, fault_id: str, fault: Fault | None = None) -> None:
        line: dict[str, object] = {
            "at": rfc3339(now_ms),
            "instance": self._instance,
            "action": action,
            "id": fault_id,
        }
        if fault is not None:
            line["fault"] = fault.model_dump(mode="json", by_alias=True)
        encoded = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        if self._path is None:
            sys.stderr.write(encoded.decode())
            return
        with self._path.open("ab") as file:
            file.write(encoded)


def create_admin(platform: Platform, token: AdminToken, journal: OverrideJournal) -> ASGIApp:
    """The admin interface of one instance, as an ASGI application."""
    faults, clock = platform.faults, platform.clock

    async def state(request: Request) -> Response:
        return _json(
            {
                "instance": platform.instance,
                "now": rfc3339(clock.now_ms()),
                "down": faults.is_down(),
                "active": [
                    {"id": acting.fault.id, "kind": acting.fault.kind, "intensity": acting.intensity}
                    for acting in faults.active()
                ],
                "overrides": {name: rfc3339(ends) for name, (_, ends) in faults.overrides().items()},
                "ignored": [fault.id for fault in faults.ignored],
                "held": {**platform.store.sizes(), "people": platform.people.held, "limits": len(platform.limiter)},
            }
        )

    async def override(request: Request) -> Response:
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return _json({"error": "that is too long for a fault"}, 413)
        try:
            fault = read_override(body)
        except InputError as error:
            return _json({"error": str(error)}, 422)
        if len(faults.overrides()) >= MOST_OVERRIDES and fault.id not in faults.overrides():
            return _json({"error": f"there are {MOST_OVERRIDES} overrides already; lift one first"}, 409)
        faults.override(fault)
        journal.write(clock.now_ms(), "override", fault.id, fault)
        return _json({"id": fault.id, "until": rfc3339(clock.now_ms() + fault.for_)}, 201)

    async def lift(request: Request) -> Response:
        name = str(request.path_params["id"])
        if not faults.lift(name):
            return _json({"error": f"there is no override {name!r}{did_you_mean(name, faults.overrides())}"}, 404)
        journal.write(clock.now_ms(), "lift", name)
        return Response(status_code=204)

    inner = Starlette(
        routes=[
            Route("/state", state),
            Route("/overrides", override, methods=["POST"]),
            Route("/overrides/{id}", lift, methods=["DELETE"]),
        ]
    )

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not token.fits(Request(scope).headers.get("authorization")):
            await _json({"error": "the admin token is required: Authorization: Bearer TOKEN"}, 401)(
                scope, receive, send
            )
            return
        await inner(scope, receive, send)

    return guarded


def read_override(body: bytes) -> Fault:
    """A fault written as in a profile, without `at`: it acts from now on. Raises InputError."""
    try:
        written = orjson.loads(body)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(written, dict):
        raise InputError("write a fault as a JSON object")
    kind = written.get("kind")
    if kind not in EFFECTS:
        raise InputError(
            f"kind: the API has no {kind!r} (it has {', '.join(EFFECTS)}){did_you_mean(str(kind), EFFECTS)}"
        )
    try:
        fault = Fault.model_validate({"id": f"by-hand-{kind.replace('_', '-')}", **written, "at": "0"})
    except ValidationError as error:
        raise InputError(
            *(f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}" for mistake in error.errors())
        ) from error
    specs = {spec.name: spec for spec in BY_NAME[fault.kind].parameters}
    for name in fault.parameters:
        if name not in specs:
            raise InputError(f"parameters.{name}: {fault.kind} has no such parameter{did_you_mean(name, specs)}")
        try:
            value = parameter(fault, name)
        except ValueError as error:
            raise InputError(f"parameters.{name}: {error}") from error
        if not specs[name].minimum <= value <= specs[name].maximum:
            raise InputError(f"parameters.{name}: out of bounds")
    return fault


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
