"""Reads pushes as Loki does: with snappy and Google's protobuf, or as JSON; independent of how we write them."""

from __future__ import annotations

import json
import re
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from simulator.telemetry.samples import Labels, labels_of

Streams = list[tuple[Labels, list[tuple[int, bytes]]]]
"""Label sets, and entries as (nanoseconds, line)."""

_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:, |$)')


def _message_type() -> Any:
    """`logproto.PushRequest`, as push.proto declares it."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="logproto", syntax="proto3")

    def declare(name: str, *fields: tuple[str, int, Any, str, bool]) -> None:
        message = file.message_type.add(name=name)
        for field_name, number, kind, of, repeated in fields:
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            message.field.add(name=field_name, number=number, type=kind, label=label, type_name=of or None)

    declare("Timestamp", ("seconds", 1, field.TYPE_INT64, "", False), ("nanos", 2, field.TYPE_INT32, "", False))
    declare(
        "Entry",
        ("timestamp", 1, field.TYPE_MESSAGE, ".logproto.Timestamp", False),
        ("line", 2, field.TYPE_BYTES, "", False),
    )
    declare(
        "Stream",
        ("labels", 1, field.TYPE_STRING, "", False),
        ("entries", 2, field.TYPE_MESSAGE, ".logproto.Entry", True),
    )
    declare("PushRequest", ("streams", 1, field.TYPE_MESSAGE, ".logproto.Stream", True))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logproto.PushRequest"))


PUSH_REQUEST = _message_type()


def read_push(content_type: str, body: bytes) -> Streams:
    """What a request holds, by its Content-Type."""
    if content_type == "application/json":
        return [
            (labels_of(one["stream"]), [(int(at), line.encode()) for at, line in one["values"]])
            for one in json.loads(body)["streams"]
        ]
    request = PUSH_REQUEST()
    request.ParseFromString(bytes(cramjam.snappy.decompress_raw(body)))
    return [
        (
            read_selector(one.labels),
            [(entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos, entry.line) for entry in one.entries],
        )
        for one in request.streams
    ]


def read_selector(text: str) -> Labels:
    """A label set of `{a="b", c="d"}`. Raises ValueError."""
    if text[:1] != "{" or text[-1:] != "}":
        raise ValueError(text)
    inner = text[1:-1]
    pairs = _PAIR.findall(inner)
    if sum(len(name) + len(value) + 3 for name, value in pairs) + 2 * max(len(pairs) - 1, 0) != len(inner):
        raise ValueError(text)
    return tuple((name, json.loads(f'"{value}"', strict=False)) for name, value in pairs)
