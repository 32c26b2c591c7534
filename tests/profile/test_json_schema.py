"""The published schema says what the reader says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from simulator.profile.json_schema import profile_schema, settings_schema
from simulator.resources import shipped


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = profile_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def read(path: Path) -> Any:
    return as_text(YAML(typ="safe", pure=True).load(path))


def as_text(content: Any) -> Any:
    """Instants and days as they were written."""
    if isinstance(content, dict):
        return {key: as_text(value) for key, value in content.items()}
    if isinstance(content, list):
        return [as_text(item) for item in content]
    return content.isoformat() if isinstance(content, date) else content


def test_the_shipped_schema_is_the_one_printed() -> None:
    published = json.loads((shipped("profiles") / "profile.schema.json").read_text("utf-8"))
    assert published == profile_schema(), "crybsim profile schema > profiles/profile.schema.json"


def test_the_published_schema_of_the_settings_is_the_one_that_init_writes() -> None:
    published = Path(__file__).parents[2] / "docs" / "schema" / "crybsim.schema.json"
    assert json.loads(published.read_text("utf-8")) == settings_schema()


@pytest.mark.parametrize("path", sorted(shipped("profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_profiles_are_valid(path: Path, validator: Draft202012Validator) -> None:
    validator.validate(read(path))


def test_a_profile_with_every_field_is_valid(
    every_field: Callable[[], dict[str, Any]], validator: Draft202012Validator
) -> None:
    validator.validate(every_field())
    validator.validate(every_field() | {"history": "6h"})


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_erors"},
        {"kind": "outage", "target": {"route": "/health"}},
        {"kind": "outage", "target": {"service": "rediss"}},
        {"kind": "http_errors", "parameters": {"delay": "2s"}},
        {"kind": "latency", "parameters": {"delay": "2 s"}},
        {"kind": "http_errors", "target": {"route": "/nowhere"}},
        {"kind": "outage", "for": "1h1h"},
        {"kind": "outage", "at": 5},
    ],
)
def test_an_editor_sees_what_a_fault_kind_does_not_allow(
    fault: dict[str, Any], validator: Draft202012Validator
) -> None:
    right = read(shipped("profiles") / "quiet-evening.yaml")
    whole = {"id": "x", "at": "1m", "for": "1m", **fault}
    assert not validator.is_valid(right | {"faults": [whole]})
    assert validator.is_valid(right | {"faults": [{"id": "x", "at": 0, "for": "1m", "kind": "latency"}]})


@pytest.mark.parametrize("schema", [profile_schema(), settings_schema()], ids=["profile", "settings"])
def test_every_key_is_described(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    for name, part in {"": schema, **schema["$defs"]}.items():
        for key, content in part.get("properties", {}).items():
            target = schema["$defs"].get(content.get("$ref", "").rpartition("/")[2], {})
            assert content.get("description") or target.get("description"), f"{name}.{key} has no description"
