"""The functions that Prometheus adds.

Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#functions and, for what that
leaves open, template/template.go of Prometheus 2.42.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote_plus, urlsplit

from simulator.engine.go_regexp import compile_pattern, replace_all
from simulator.engine.host_port import split_host_port
from simulator.engine.state import Vector
from simulator.engine.templates.values import (
    GoMap,
    GoTime,
    Sample,
    TemplateError,
    UnsupportedTemplateError,
    Value,
    type_name,
)
from simulator.units import parse_duration

_FLOAT: Final = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
_LARGE: Final = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_LARGE_1024: Final = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL: Final = ("", "m", "u", "n", "p", "f", "a", "z", "y")
_INT64: Final = 2**63


def prometheus_functions(query: Callable[[str], Vector], external_url: str) -> Mapping[str, Callable[..., Value]]:
    """The functions, `query` asking for the instant at hand."""
    return {
        "query": lambda expr: [Sample(GoMap(dict(labels)), value) for labels, value in query(_string(expr))],
        "externalURL": lambda: external_url,
        "pathPrefix": lambda: urlsplit(external_url).path,
        **_FUNCTIONS,
    }


def _string(value: Value) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"wrong type for value; expected string; got {type_name(value)}")
    return value


def _sample(value: Value) -> Sample:
    if not isinstance(value, Sample):
        raise TemplateError(f"wrong type for value; expected *template.sample; got {type_name(value)}")
    return value


def _result(value: Value) -> list[Sample]:
    if not isinstance(value, list):
        raise TemplateError(f"wrong type for value; expected template.queryResult; got {type_name(value)}")
    return value


def _number(value: Value) -> float:
    if isinstance(value, str):
        if not _FLOAT.fullmatch(value):
            raise TemplateError(f'strconv.ParseFloat: parsing "{value}": invalid syntax')
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise TemplateError(f"can't convert {type_name(value)} to float")


def _first(result: Value) -> Sample:
    if not _result(result):
        raise TemplateError("first() called on vector with no elements")
    return _result(result)[0]


def _sort_by_label(label: Value, result: Value) -> list[Sample]:
    name = _string(label)
    return sorted(_result(result), key=lambda sample: str(sample.labels.get(name, "")))


def _pattern(text: Value) -> object:
    try:
        return compile_pattern(_string(text))
    except ValueError as error:
        raise TemplateError(str(error)) from error


def _match(pattern: Value, text: Value) -> bool:
    compiled = _pattern(pattern)
    return compiled.search(_string(text)) is not None  # type: ignore[attr-defined]  # re2 has no types


def _title(text: Value) -> str:
    plain = _string(text)
    if not plain.isascii() or "'" in plain:
        raise UnsupportedTemplateError(f"title of {plain!r}, which depends on the version of Prometheus")
    return re.sub(r"(?<![A-Za-z0-9_])[a-z]", lambda letter: letter[0].upper(), plain)


def _four(value: float) -> str:
    """`%.4g`"""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.4g}"


def _scaled(value: float, prefixes: tuple[str, ...], factor: float) -> str:
    """Divided by the factor (a small number: multiplied) until it is a short one."""
    power = 0
    while power < len(prefixes) - 1 and (abs(value) >= factor if prefixes is not _SMALL else abs(value) < 1):
        value = value * factor if prefixes is _SMALL else value / factor
        power += 1
    return _four(value) + prefixes[power]


def _humanize(number: Value) -> str:
    value = _number(number)
    if value == 0 or not math.isfinite(value):
        return _four(value)
    return _scaled(value, _LARGE if abs(value) >= 1 else _SMALL, 1000)


def _humanize_1024(number: Value) -> str:
    value = _number(number)
    if abs(value) <= 1 or not math.isfinite(value):
        return _four(value)
    return _scaled(value, _LARGE_1024, 1024)


def _humanize_duration(number: Value) -> str:
    value = _number(number)
    if not math.isfinite(value):
        return _four(value)
    if value == 0:
        return _four(value) + "s"
    if abs(value) < 1:
        return _scaled(value, _SMALL, 1000) + "s"
    if abs(value) >= _INT64:
        raise UnsupportedTemplateError(f"humanizeDuration of {value:g}, which overflows in Go")
    sign, whole = "-" if value < 0 else "", int(abs(value))
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while parts and not parts[0][0]:
        parts.pop(0)
    if len(parts) <= 1:  # under a minute
        return f"{sign}{_four(abs(value))}s"
    return sign + " ".join(f"{count}{unit}" for count, unit in parts)


def _to_time(number: Value) -> GoTime:
    value = _number(number)
    if not math.isfinite(value):
        raise TemplateError("value is NaN or Inf")
    ns = value * 1e9
    if not -_INT64 <= ns <= _INT64:
        raise TemplateError(f"{value:g} cannot be represented as a nanoseconds timestamp since it overflows int64")
    return GoTime(int(math.copysign(abs(int(ns)) // 1_000_000, ns)))


def _humanize_timestamp(number: Value) -> str:
    value = _number(number)
    return str(_to_time(value)) if math.isfinite(value) else _four(value)


def _strip_port(address: Value) -> str:
    split = split_host_port(_string(address))
    return split[0] if split else _string(address)


def _strip_domain(address: Value) -> str:
    host, port = split_host_port(_string(address)) or (_string(address), "")
    if _is_ip(host):
        return _string(address)
    host = host.split(".")[0]
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # Go's ParseIP knows no zones


def _parse_duration(text: Value) -> float:
    try:
        return parse_duration(_string(text)) / 1000
    except ValueError as error:
        raise TemplateError(f'not a valid duration string: "{text}"') from error


def _link(expr: Value, tab: int) -> str:
    return f"/graph?g0.expr={quote_plus(_string(expr))}&g0.tab={tab}"


_FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "first": _first,
    "label": lambda name, sample: _sample(sample).labels.get(_string(name), ""),
    "value": lambda sample: _sample(sample).value,
    "strvalue": lambda sample: _sample(sample).labels.get("__value__", ""),
    "sortByLabel": _sort_by_label,
    "args": lambda *values: GoMap({f"arg{place}": value for place, value in enumerate(values)}, zero=None),
    "reReplaceAll": lambda pattern, by, text: replace_all(_pattern(pattern), _string(by), _string(text)),
    "match": _match,
    "safeHtml": _string,
    "title": _title,
    "toUpper": lambda text: _string(text).upper(),
    "toLower": lambda text: _string(text).lower(),
    "graphLink": lambda expr: _link(expr, 0),
    "tableLink": lambda expr: _link(expr, 1),
    "stripPort": _strip_port,
    "stripDomain": _strip_domain,
    "humanize": _humanize,
    "humanize1024": _humanize_1024,
    "humanizeDuration": _humanize_duration,
    "humanizePercentage": lambda number: _four(_number(number) * 100) + "%",
    "humanizeTimestamp": _humanize_timestamp,
    "toTime": _to_time,
    "parseDuration": _parse_duration,
}

FUNCTION_NAMES: Final = frozenset({"query", "externalURL", "pathPrefix", *_FUNCTIONS})
