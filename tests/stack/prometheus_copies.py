"""Where the copies of a prometheus.yml lead in tests, and how they are read."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

EMITTER = "http://127.0.0.1:4001"
ALERTMANAGER = "http://127.0.0.1:4002/am"


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)
