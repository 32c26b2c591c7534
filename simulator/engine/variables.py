"""The variables of a Grafana dashboard, and what a reference to one becomes in a query.

Format: https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

REFERENCE: Final = re.compile(
    r"\$(?P<bare>\w+)|\$\{(?P<braced>\w+)(?:\.[^}:]*)?(?::(?P<form>[^}]*))?\}|\[\[(?P<old>\w+)(?::(?P<old_form>\w+))?\]\]"
)
"""A reference to a variable: $name, ${name}, ${name:format}, [[name]]."""
ALL: Final = "$__all"
AUTO: Final = "$__auto"
"""What the value of an interval variable begins with where Grafana is to choose it."""
_JOINED: Final = {"pipe": "|", "csv": ",", "raw": ",", "text": " + "}
_QUOTED: Final = {"doublequote": '"', "singlequote": "'"}
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")


class Language(StrEnum):
    """What a target is written in."""

    PROMQL = "promql"
    LOGQL = "logql"
    OTHER = "other"


@dataclass(frozen=True)
class Variable:
    """A template variable. `query` is what its values are asked with, in `language`; `chosen` are the values chosen at
    first, `options` those that the dashboard lists. `regex` cuts values out of what the query finds."""

    name: str
    kind: str
    query: str
    chosen: tuple[str, ...]
    all_value: str = ""
    several: bool = False
    language: Language = Language.PROMQL
    regex: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether All is chosen."""
        return ALL in self.chosen

    def value(self, form: str = "") -> str:
        """What a reference to it in that format becomes. All without a value of its own is anything: its values are not
        known here."""
        if self.is_all:
            return self.all_value or ".*"
        if form in _JOINED:
            return _JOINED[form].join(self.chosen)
        if form in _QUOTED:
            return ",".join(f"{_QUOTED[form]}{one}{_QUOTED[form]}" for one in self.chosen)
        if form != "regex" and not self.several:
            return self.chosen[0] if self.chosen else ""
        slashes = "\\" if form == "regex" else "\\\\"
        escaped = [_SPECIAL.sub(lambda found: slashes + found[0], one) for one in self.chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def referred(found: re.Match[str]) -> str:
    """The name of the variable that a match of REFERENCE refers to."""
    return found["bare"] or found["braced"] or found["old"]


def language_of(source: object, sources: Mapping[str, str]) -> Language:
    """What is asked in of a data source, as a dashboard names it. `sources` are kinds by the names of variables."""
    kind = source.get("type") or source.get("uid") if isinstance(source, dict) else source
    kind = REFERENCE.sub(lambda found: sources.get(referred(found), ""), str(kind or "")).lower()
    if "loki" in kind:
        return Language.LOGQL
    return Language.PROMQL if kind in ("", "default") or "prometheus" in kind else Language.OTHER


def read_variable(one: dict[str, Any], sources: Mapping[str, str]) -> Variable:
    """A variable of a dashboard's JSON. `sources` are kinds of data sources by the names of variables."""
    kind = str(one.get("type") or "")
    current = (one.get("current") or {}).get("value")
    query = one.get("query")
    chosen = current if isinstance(current, list) else [current]
    if kind in ("textbox", "constant"):
        chosen = [query if isinstance(query, str) else ""]
    listed = [option.get("value") for option in one.get("options") or () if isinstance(option, dict)]
    if not listed and kind in ("custom", "interval") and isinstance(query, str):
        listed = [part.rpartition(" : ")[2].strip() for part in query.split(",")]
    return Variable(
        name=str(one.get("name") or ""),
        kind=kind,
        query=query if isinstance(query, str) else _query_of(query or {}),
        chosen=tuple(str(value) for value in chosen if value is not None),
        all_value=str(one.get("allValue") or ""),
        several=bool(one.get("multi") or one.get("includeAll")),
        language=language_of(one.get("datasource"), sources),
        regex=str(one.get("regex") or ""),
        options=tuple(str(value) for value in listed if value not in (None, ALL)),
    )


def _query_of(query: dict[str, Any]) -> str:
    """The query of a variable that is saved in parts, as Loki's are, in the words of one that is not."""
    if query.get("query"):
        return str(query["query"])
    if query.get("label"):
        stream = query.get("stream")
        return f"label_values({stream}, {query['label']})" if stream else f"label_values({query['label']})"
    return ""
