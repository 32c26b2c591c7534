"""Faults of messaging, sockets, queues, notifications, uploads and search."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.units import MINUTE

_LIVE = "the model shows it in the families that it owns; the reference API is left alone"

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="websocket_disconnects",
        summary="a storm of disconnects: sockets are cut, and cut again as their clients come back",
        service="api",
        intensity="share of the socket connections that are gone while it lasts",
        scopes=("instance",),
        effects=(
            "connected clients fall",
            "connection attempts and transport errors rise as clients try again",
            "messages fall",
            "engagement falls",
            "connections return over some minutes after the end",
        ),
        live="the API cuts the sockets of that share of its users, and cuts them again",
    ),
    FaultKind(
        name="message_failures",
        summary="messages are accepted and not delivered",
        service="api",
        intensity="share of messages that fail",
        scopes=("instance",),
        effects=("failed messages rise", "messages that arrive fall", "notifications fall", "engagement falls"),
        live="the API accepts and keeps that share of messages, by HTTP and by socket, and hands them to nobody",
    ),
    FaultKind(
        name="message_latency",
        summary="the workers of the messages queue fall behind, and messages wait",
        service="workers",
        intensity="share of the arriving messages that the workers do not get to",
        scopes=(),
        effects=(
            "the messages queue grows",
            "message latency rises with its backlog",
            "the backlog is worked off after the end, faster than usual",
        ),
        live="the API hands messages to sockets late, as its backlog grows; the queue's own metrics are the model's",
    ),
    FaultKind(
        name="queue_backlog",
        summary="the workers of all background queues (all but messages) fall behind",
        service="workers",
        intensity="share of the arriving jobs that the workers do not get to",
        scopes=(),
        effects=(
            "the queues grow",
            "notifications come late",
            "the backlog is worked off after the end, faster than usual",
        ),
        live=_LIVE,
    ),
    FaultKind(
        name="upload_failures",
        summary="the object store refuses uploads",
        service="minio",
        intensity="share of uploads that fail",
        scopes=(),
        effects=("upload errors rise", "uploads that are stored fall", "media jobs fall"),
        live="the API answers that share of uploads with 503; without uploads in the load the model's families show it",
    ),
    FaultKind(
        name="search_degradation",
        summary="the search engine does not answer: searches wait, then fall back to the database's full-text search",
        service="elasticsearch",
        intensity="share of searches that fall back",
        scopes=(),
        effects=(
            "search duration rises",
            "searches are answered by the fallback engine",
            "search errors rise",
            "relevance falls",
        ),
        live=_LIVE,
        parameters=(
            Parameter("delay", "duration", 2500, 1, 10 * MINUTE, "median of the time lost before falling back"),
        ),
    ),
)
