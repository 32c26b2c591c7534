"""The functions that every Go template has.

Source: https://pkg.go.dev/text/template#hdr-Functions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote_plus

from simulator.engine.templates.formatting import sprint, sprintf, sprintln
from simulator.engine.templates.values import (
    GoMap,
    TemplateError,
    UnsupportedTemplateError,
    Value,
    is_true,
    type_name,
)

_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;", "\0": "�"})
_ORDERED: Final = (int, float, str)


def _len(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, (GoMap, list)):
        return len(value)
    raise TemplateError(f"len of type {type_name(value)}")


def _index(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, GoMap) and isinstance(key, str):
            value = value.get(key, value.zero)
        elif isinstance(value, (list, str)) and type(key) is int:
            elements = value.encode() if isinstance(value, str) else value
            if not 0 <= key < len(elements):
                raise TemplateError(f"index out of range: {key}")
            value = elements[key]
        else:
            raise TemplateError(f"can't index item of type {type_name(value)} with {type_name(key)}")
    return value


def _slice(value: Value, *bounds: Value) -> Value:
    if not isinstance(value, str) or len(bounds) > 2 or any(type(bound) is not int for bound in bounds):
        raise UnsupportedTemplateError(f"slice of a {type_name(value)}")
    encoded = value.encode()
    start, end = (*bounds, len(encoded))[:2] if bounds else (0, len(encoded))
    if not 0 <= start <= end <= len(encoded):
        raise TemplateError(f"invalid slice index: {start} > {end}")
    return encoded[start:end].decode(errors="replace")


def _eq(first: Value, *others: Value) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_same(first, other) for other in others)


def _same(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return one is other
    if type(one) is not type(other):
        raise TemplateError("incompatible types for comparison")
    if not isinstance(one, (bool, *_ORDERED)):
        raise TemplateError(f"non-comparable type {type_name(one)}")
    return bool(one == other)


def _less(one: Value, other: Value) -> bool:
    if isinstance(one, bool) or not isinstance(one, _ORDERED):
        raise TemplateError("invalid type for comparison")
    if type(one) is not type(other):
        raise TemplateError("incompatible types for comparison")
    return bool(one < other)  # type: ignore[operator]  # of one type, as was just seen


def _printf(template: Value, *values: Value) -> str:
    if not isinstance(template, str):
        raise TemplateError(f"wrong type for value; expected string; got {type_name(template)}")
    return sprintf(template, values)


def _text(*values: Value) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(values)


BUILTINS: Final[Mapping[str, Callable[..., Value]]] = {
    "not": lambda value: not is_true(value),
    "len": _len,
    "index": _index,
    "slice": _slice,
    "print": lambda *values: sprint(values),
    "printf": _printf,
    "println": lambda *values: sprintln(values),
    "html": lambda *values: _text(*values).translate(_HTML),
    "urlquery": lambda *values: quote_plus(_text(*values)),
    "eq": _eq,
    "ne": lambda one, other: not _same(one, other),
    "lt": _less,
    "le": lambda one, other: _less(one, other) or _same(one, other),
    "gt": lambda one, other: not _less(one, other) and not _same(one, other),
    "ge": lambda one, other: not _less(one, other),
}
"""`and` and `or` are the interpreter's, for they do not evaluate all their arguments."""
