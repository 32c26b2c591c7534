"""`printf`, as Go's package fmt formats the types that occur in templates.

Source: https://pkg.go.dev/fmt#hdr-Printing
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

from simulator.engine.templates.values import UnsupportedTemplateError, Value, format_float, show, type_name

_VERB: Final = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d+)?(?:\.(?P<precision>\d*))?(?P<verb>.)?", re.DOTALL)
_FLOAT_VERBS: Final = frozenset("eEfFgG")


def sprint(values: tuple[Value, ...]) -> str:
    """`print`: a space between two values where neither is a string."""
    parts: list[str] = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            parts.append(" ")
        parts.append(show(value))
    return "".join(parts)


def sprintln(values: tuple[Value, ...]) -> str:
    """`println`: a space between any two, and a line's end."""
    return " ".join(map(show, values)) + "\n"


def sprintf(template: str, values: tuple[Value, ...]) -> str:
    """`printf`. What does not fit is said in the text, as in Go: `%!d(float64=1.5)`, `%!s(MISSING)`.

    Raises UnsupportedTemplateError for verbs and flags that we do not have.
    """
    used = 0
    parts = []
    at = 0
    for directive in _VERB.finditer(template):
        parts.append(template[at : directive.start()])
        at = directive.end()
        verb = directive["verb"]
        if verb is None:
            parts.append("%!(NOVERB)")
        elif verb == "%":
            parts.append("%")
        elif verb in "*[":
            raise UnsupportedTemplateError(f"printf with {directive[0]!r}")
        elif used >= len(values):
            parts.append(f"%!{verb}(MISSING)")
        else:
            parts.append(_formatted(directive, verb, values[used]))
            used += 1
    parts.append(template[at:])
    if used < len(values):
        extra = ", ".join("<nil>" if value is None else f"{type_name(value)}={show(value)}" for value in values[used:])
        parts.append(f"%!(EXTRA {extra})")
    return "".join(parts)


def _formatted(directive: re.Match[str], verb: str, value: Value) -> str:
    flags = directive["flags"].replace("+", "") if verb == "v" else directive["flags"]
    precision = None if directive["precision"] is None else int(directive["precision"] or 0)
    text = _converted(verb, value, flags, precision)
    if text is None:
        if directive[0] != f"%{verb}":
            raise UnsupportedTemplateError(f"printf with {directive[0]!r} of a {type_name(value)}")
        shown = "<nil>" if value is None else f"{type_name(value)}={show(value)}"
        return f"%!{verb}({shown})"
    width = int(directive["width"] or 0)
    if "-" in flags:
        return text.ljust(width)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    finite = not isinstance(value, float) or math.isfinite(value)
    if "0" in flags and len(text) < width and (finite or not number):
        sign = text[:1] if number and text[:1] in ("+", "-", " ") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _converted(verb: str, value: Value, flags: str, precision: int | None) -> str | None:
    """The value without padding; None where the verb does not fit its type."""
    if "#" in flags or (flags and verb in "qxXc") or (precision is not None and verb == "T"):
        raise UnsupportedTemplateError(f"printf with %{flags}{verb}")
    if verb == "T":
        return type_name(value)
    match value:
        case bool():
            return show(value) if verb in "tv" else None
        case float():
            return _float(verb, value, flags, precision)
        case int():
            return _int(verb, value, flags, precision)
        case str():
            return _string(verb, value, precision)
    if verb == "v" and precision is None:
        return show(value)
    raise UnsupportedTemplateError(f"printf with %{verb} of a {type_name(value)}")


def _float(verb: str, value: float, flags: str, precision: int | None) -> str | None:
    if verb == "v":
        verb = "g"
    if verb in "bxX":
        raise UnsupportedTemplateError(f"printf with %{verb} of a float64")
    if verb not in _FLOAT_VERBS:
        return None
    if not math.isfinite(value):
        return "+NaN" if math.isnan(value) and "+" in flags else format_float(value)
    if verb in "gG" and precision is None:
        text = format_float(value)
        text = text.upper() if verb == "G" else text
    else:
        text = f"%.{6 if precision is None else precision}{verb}" % value
    return _signed(text, flags)


def _int(verb: str, value: int, flags: str, precision: int | None) -> str | None:
    if verb in "oObUxXcq" or precision is not None:
        raise UnsupportedTemplateError(f"printf with %{verb} of an int")
    return _signed(str(value), flags) if verb in "dv" else None


def _string(verb: str, value: str, precision: int | None) -> str | None:
    shown = value if precision is None else value[:precision]
    match verb:
        case "s" | "v":
            return shown
        case "q":
            return _quoted(shown)
        case "x" | "X" if precision is None:
            return value.encode().hex() if verb == "x" else value.encode().hex().upper()
        case "x" | "X":
            raise UnsupportedTemplateError(f"printf with a precision for %{verb}")
    return None


def _quoted(text: str) -> str:
    """A Go string literal. For printable ASCII and the common escapes that is what JSON has."""
    if any(not 0x20 <= ord(character) < 0x7F and character not in "\t\n\r\b\f" for character in text):
        raise UnsupportedTemplateError(f"printf with %q of {text!r}")
    return json.dumps(text)


def _signed(text: str, flags: str) -> str:
    if text.startswith("-"):
        return text
    return "+" + text if "+" in flags else " " + text if " " in flags else text
