"""Label and annotation templates of alerting rules, expanded on an element of the expression's result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from simulator.engine.server import QueryError
from simulator.engine.state import Vector
from simulator.engine.templates.builtins import BUILTINS
from simulator.engine.templates.functions import FUNCTION_NAMES, prometheus_functions
from simulator.engine.templates.interpreter import execute
from simulator.engine.templates.nodes import Template
from simulator.engine.templates.parser import parse
from simulator.engine.templates.values import GoMap, Struct, TemplateError, UnsupportedTemplateError
from simulator.telemetry.samples import Labels

_KNOWN: Final = frozenset({"and", "or", *BUILTINS, *FUNCTION_NAMES})

Query = Callable[[str, int], Vector]
"""An expression's result at an instant (epoch ms). May raise QueryError."""


class Expander:
    """Expands templates as a server with these external labels and this external URL does."""

    def __init__(self, query: Query, external_labels: Mapping[str, str], external_url: str) -> None:
        self._query = query
        self._external_labels = GoMap(external_labels)
        self._external_url = external_url.rstrip("/")

    def expand(self, text: str, labels: Labels, value: float, at_ms: int) -> str:
        """The text for an element with these labels (its name included) and this value, at an instant.

        A template that fails in Prometheus as well becomes a message that begins as Prometheus's does; its details
        differ. Raises UnsupportedTemplateError for what we lack, UnobservedError where `query` got no answer.
        """
        if "{{" not in text:
            return text
        template = _parsed(text)
        own = GoMap(dict(labels))
        data = Struct(
            {
                "Labels": own,
                "ExternalLabels": self._external_labels,
                "ExternalURL": self._external_url,
                "Value": value,
            }
        )
        variables = {
            "$labels": own,
            "$externalLabels": self._external_labels,
            "$externalURL": self._external_url,
            "$value": value,
        }

        def query(expr: str) -> Vector:
            try:
                return self._query(expr, at_ms)
            except QueryError as error:
                raise TemplateError(str(error)) from error

        functions = {**BUILTINS, **prometheus_functions(query, self._external_url)}
        try:
            return execute(template, data, variables, functions)
        except TemplateError as error:
            return f"<error expanding template: error executing template: {error}>"


def unsupported(text: str) -> str:
    """What a template needs that we lack, as far as its syntax shows; empty where there is nothing."""
    try:
        _parsed(text)
    except UnsupportedTemplateError as error:
        return str(error)
    return ""


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Template:
    return parse(text, _KNOWN)
