"""The values that templates work on, and how Go prints them.

Go's `string`, `float64`, `int`, `bool` and `nil` are Python's; a `map` is a `GoMap`, a slice a list.
Sources: https://pkg.go.dev/text/template, https://pkg.go.dev/fmt, https://pkg.go.dev/strconv#FormatFloat
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Value = Any
"""Whatever a pipeline can evaluate to: see the module's docstring. Go's templates are dynamically typed."""

NO_VALUE: Final = "<no value>"


class TemplateError(Exception):
    """Executing the template fails, in Prometheus as well: the text becomes an error message."""


class UnsupportedTemplateError(Exception):
    """The template needs something that we do not have. The text says what."""


class GoMap(dict[str, Any]):
    """A map with string keys. A key that is missing gives `zero`: "" of strings, nil of anything."""

    def __init__(self, items: Mapping[str, Any] | None = None, *, zero: Any = "") -> None:
        super().__init__(items or {})
        self.zero = zero

    @property
    def type_name(self) -> str:
        return "map[string]string" if self.zero == "" else "map[string]interface {}"


@dataclass(frozen=True)
class Struct:
    """A struct: fields by name, in their order."""

    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """A pointer to an element of a query's result."""

    labels: GoMap
    value: float


@dataclass(frozen=True)
class GoTime:
    """A time.Time in UTC, in milliseconds since the epoch."""

    ms: int

    def __str__(self) -> str:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.ms)
        fraction = f".{self.ms % 1000:03d}".rstrip("0").rstrip(".")
        return f"{at:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def is_true(value: Value) -> bool:
    """What `if` and `with` go by: false is whatever is empty or zero."""
    if value is None:
        return False
    if isinstance(value, (Struct, Sample, GoTime)):
        return True
    return bool(value)  # NaN is true, as in Go


def type_name(value: Value) -> str:
    """Go's name of a value's type."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case GoMap():
            return value.type_name
        case Sample():
            return "*template.sample"
        case GoTime():
            return "*time.Time"
        case list():
            return "template.queryResult"
    return "struct"


def show(value: Value) -> str:
    """A value as `%v` prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return format_float(value)
        case str():
            return value
        case GoMap():
            return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
        case Struct():
            return "{" + " ".join(show(field) for field in value.fields.values()) + "}"
        case GoTime():
            return str(value)
        case list() if not value:
            return "[]"
    raise UnsupportedTemplateError(f"the address of a {type_name(value)} as text")


def show_action(value: Value) -> str:
    """A value as an action on its own prints it: pointers are followed, nil is `<no value>`."""
    if value is None:
        return NO_VALUE
    if isinstance(value, Sample):
        return "{" + f"{show(value.labels)} {show(value.value)}" + "}"
    return show(value)


def format_float(value: float) -> str:
    """The shortest text that reads back, as `%v` and `%g` give it: 1e+06, 100000, 0.0001, 1.5e-05, +Inf."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits, exponent = _shortest(abs(value))
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if exponent < -4 or exponent >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return sign + whole + (f".{fraction}" if fraction else "")


def _shortest(value: float) -> tuple[str, int]:
    """The fewest significant digits that read back, and the exponent of the first of them."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + (fraction if fraction != "0" else "")
    stripped = digits.lstrip("0")
    power = int(exponent or 0) + len(whole) - 1 - (len(digits) - len(stripped))
    return (stripped.rstrip("0"), power) if stripped else ("0", 0)
