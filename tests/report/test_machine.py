"""verdict.json keeps to its published schema and reads back."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from simulator.errors import InputError
from simulator.report import render_json, verdict_schema
from simulator.telemetry.observations import Gap
from simulator.verdict import Verdict
from tests.verdict.scene import DISK_FIRED, ONSET, OUTAGE, PASSING, QUIET, Scene

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "verdict.schema.json"


def test_the_published_schema_is_the_one_that_the_program_prints() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == verdict_schema(), "crybsim report --schema > docs/schema/…"


@pytest.mark.parametrize("scene", [PASSING, QUIET, OUTAGE, PASSING.plus(*DISK_FIRED, Gap(ONSET, "api", "died"))])
def test_a_verdict_keeps_to_the_schema_and_reads_back(scene: Scene, tmp_path: Path) -> None:
    schema = json.loads(verdict_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    verdict = scene.judged()
    text = render_json(verdict)
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    path = tmp_path / "verdict.json"
    path.write_text(text, encoding="utf-8")
    assert Verdict.read(path) == verdict


def test_every_field_of_the_schema_is_there() -> None:
    """Programs need not ask whether a field exists."""
    schema = json.loads(verdict_schema())
    assert set(schema["required"]) == set(schema["properties"])


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"outcome": "pass"}'])
def test_what_is_no_verdict_is_told_in_one_line(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Verdict.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
