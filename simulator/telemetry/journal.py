"""A journal as lines: one observation, one JSON object, and back again. No I/O: callers read and write the file.

    {"observation": "Gap", "at_ms": 1767643200000, "source": "prometheus", "reason": "connection refused"}

Fields are those of `telemetry.observations`; label sets are lists of pairs. JSON has no NaN and no infinity, so a
float that is one is written as Prometheus writes it: "NaN", "+Inf", "-Inf".
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Final, get_args

from pydantic import TypeAdapter, ValidationError

from simulator.errors import InputError, Problem
from simulator.telemetry.observations import Observation

_TAG: Final = "observation"
_ADAPTERS: Final[dict[str, TypeAdapter[Observation]]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(Observation)
}
_FIELDS: Final = {kind.__name__: frozenset(f.name for f in fields(kind)) for kind in get_args(Observation)}

_Json = str | int | float | bool | None | list["_Json"] | dict[str, "_Json"]


def encode(observation: Observation) -> str:
    """The line of an observation, without its newline."""
    line = {_TAG: type(observation).__name__} | {
        f.name: _plain(getattr(observation, f.name)) for f in fields(observation)
    }
    return json.dumps(line, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


def decode(line: str) -> Observation:
    """The observation of a line. Raises ValueError, in one line, for anything that `encode` does not write."""
    try:
        read = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    tag = read.pop(_TAG, None) if isinstance(read, dict) else None
    if not isinstance(tag, str) or tag not in _ADAPTERS:
        raise ValueError(f"{tag!r} is no observation; known are {', '.join(sorted(_ADAPTERS))}")
    unknown = sorted(set(read) - _FIELDS[tag])
    if unknown:
        raise ValueError(f"{tag} has no {', '.join(unknown)}")
    try:
        return _ADAPTERS[tag].validate_python(read)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{tag}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def decode_journal(content: bytes, file: str) -> tuple[Observation, ...]:
    """Every observation of a journal file's content, in order.

    A last line without its newline that cannot be read was torn by the writer's death and is left out: the journal then
    ends early, which the judge sees. Raises InputError naming `file` and the line for anything else.
    """
    *lines, last = content.split(b"\n")
    observations: list[Observation] = []
    problems: list[Problem | str] = []
    for number, line in enumerate(lines, start=1):
        try:
            observations.append(decode(line.decode()))
        except ValueError as error:
            problems.append(Problem(file, number, 1, "", str(error)))
    if problems:
        raise InputError(*problems)
    if last:
        try:
            observations.append(decode(last.decode()))
        except ValueError:
            pass
    return tuple(observations)


def _plain(value: object) -> _Json:
    match value:
        case Enum():
            return str(value.value)
        case float():
            if math.isnan(value):
                return "NaN"
            return value if math.isfinite(value) else ("+Inf" if value > 0 else "-Inf")
        case tuple():
            return [_plain(item) for item in value]
        case str() | int() | None:
            return value
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    raise TypeError(f"an observation cannot hold {type(value).__name__}")
