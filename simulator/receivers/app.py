"""The HTTP side of the stand-ins: finds the service and the receiver that a request is for.

`/<service>/<receiver>/<index>/<number>/…` as the copied alertmanager.yml has it,
`/companion/<service>/<receiver>/<index>` for lists of alerts, and the services' own paths under their own host names
for what comes through the tunnel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.receivers.delivery import Answer, Delivery, answer_text
from simulator.receivers.recorder import Recorder
from simulator.receivers.services import KINDS, services
from simulator.receivers.services.webhook import listed_alerts
from simulator.receivers.tunnel import Sender
from simulator.wire.notifications import APP_SUFFIX, COMPANION, decode_segment

_HOSTS: Final = {"api.pushover.net": "pushover", "events.pagerduty.com": "pagerduty", "slack.com": f"slack{APP_SUFFIX}"}
_METHODS: Final = ["GET", "POST", "PUT"]


def create_app(recorder: Recorder, sender_of: Callable[[int], Sender | None]) -> Starlette:
    """`sender_of` leads from the port of a tunnelled connection to the integration behind it."""
    known = services()

    async def receive(request: Request) -> Response:
        body = await request.body()
        # only tunnels speak TLS; a plain connection may come from a port of the same number
        tunnelled_from = request.client.port if request.client and request.url.scheme == "https" else None
        sender = None if tunnelled_from is None else sender_of(tunnelled_from)
        delivery = _addressed(request, body) if sender is None else _tunnelled(request, body, sender)
        if delivery is None:
            return _response(answer_text(404, "no stand-in has this address\n"))
        if delivery.service == COMPANION:
            recorder.companion(delivery.rest, delivery.receiver, delivery.index, listed_alerts(delivery))
            return _response(Answer(200))
        answer = known[delivery.service](delivery)
        if answer.heard is not None:
            kind = KINDS[delivery.service]
            recorder.heard(kind, delivery.service, delivery.receiver, delivery.index, answer.heard)
        return _response(answer)

    return Starlette(routes=[Route("/{path:path}", receive, methods=_METHODS)])


def _addressed(request: Request, body: bytes) -> Delivery | None:
    """A request that names its receiver in the path, or None where it names no stand-in."""
    parts = request.url.path.lstrip("/").split("/")
    if len(parts) == 4 and parts[0] == COMPANION and parts[1] in KINDS and parts[3].isdigit():
        return Delivery(COMPANION, decode_segment(parts[2]), int(parts[3]), 0, rest=parts[1], body=body)
    if len(parts) < 4 or parts[0] not in KINDS or not parts[2].isdigit() or not parts[3].isdigit():
        return None
    return _delivery(request, body, parts[0], Sender(decode_segment(parts[1]), int(parts[2])), int(parts[3]), parts[4:])


def _tunnelled(request: Request, body: bytes, sender: Sender) -> Delivery | None:
    """A request to a service by its own name, or None where that is not played."""
    service = _HOSTS.get(request.url.hostname or "")
    if service is None:
        return None
    return _delivery(request, body, service, sender, 0, request.url.path.lstrip("/").split("/"))


def _delivery(request: Request, body: bytes, service: str, sender: Sender, number: int, rest: list[str]) -> Delivery:
    return Delivery(
        service=service,
        receiver=sender.receiver,
        index=sender.index,
        number=number,
        method=request.method,
        rest="/".join(rest),
        query={key: tuple(request.query_params.getlist(key)) for key in request.query_params},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=body,
    )


def _response(answer: Answer) -> Response:
    return Response(answer.content, answer.status, media_type=answer.media_type if answer.content else None)
