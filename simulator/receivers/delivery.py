"""One request that Alertmanager sent, what the service answers, and what was heard. Pure data, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.telemetry.observations import NotifiedAlert
from simulator.wire.notifications import Carried, take_alerts

JsonObject = Mapping[str, object]


@dataclass(frozen=True)
class Delivery:
    """A request to one stand-in.

    `service` is the integration without `_configs` (`slack`, `msteamsv2`), `index` its place in the receiver's list,
    `number` tells different original addresses apart, `rest` is the path behind all that, without a slash in front.
    """

    service: str
    receiver: str
    index: int
    number: int
    method: str = "POST"
    rest: str = ""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    body: bytes = b""

    def json(self) -> JsonObject | None:
        """The body as a JSON object, or None when it is not one."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None


@dataclass(frozen=True)
class Heard:
    """What a notification said. `alerts` is None where the payload does not tell; `resolved` is the service's own word.

    `companion` says that the list of alerts comes by a webhook of its own.
    """

    destination: str
    title: str = ""
    text: str = ""
    alerts: tuple[NotifiedAlert, ...] | None = None
    resolved: bool | None = None
    problem: str = ""
    companion: bool = False


@dataclass(frozen=True)
class Answer:
    """The HTTP answer of the real service, and what to record (None for a request that is no notification)."""

    status: int
    content: bytes = b""
    media_type: str = "application/json"
    heard: Heard | None = None


def answer_json(status: int, content: object, heard: Heard | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(content).encode(), "application/json", heard)


def answer_text(status: int, content: str, heard: Heard | None = None) -> Answer:
    """An answer with a plain body."""
    return Answer(status, content.encode(), "text/plain; charset=utf-8", heard)


def text_at(node: object, *keys: str | int) -> str:
    """The string or number at a path into parsed JSON, as text; empty where there is none."""
    found = at(node, *keys)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)


def list_at(node: object, *keys: str | int) -> list[object]:
    """The list at a path into parsed JSON; empty where there is none."""
    found = at(node, *keys)
    return found if isinstance(found, list) else []


def at(node: object, *keys: str | int) -> object:
    """Whatever is at a path into parsed JSON, or None."""
    for key in keys:
        if isinstance(node, dict) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            return None
    return node


def carried_at(node: object, *keys: str | int) -> Carried:
    """The text at a path, with the list of alerts taken out of it."""
    return take_alerts(text_at(node, *keys))


def paragraphs(*texts: str) -> str:
    """The texts that are there, one below the other."""
    return "\n".join(text.strip() for text in texts if text.strip())
