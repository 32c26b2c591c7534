"""PromQL into a syntax tree, also under names that it had in an older Prometheus."""

from __future__ import annotations

import re
from typing import Any, Final

import promql_parser

_RENAMED: Final = re.compile(r"\bholt_winters(?=\s*\()")  # until Prometheus 3.0; the parser knows the new name


def parse(expr: str) -> Any:
    """The tree of an expression, to look at and not to write down again: a function may have another name in it.

    Raises ValueError where the parser does not know its syntax.
    """
    return promql_parser.parse(_RENAMED.sub("double_exponential_smoothing", expr))
