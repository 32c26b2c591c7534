"""docs/profiles.md has a row for every key, with the words of the schema; its examples are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import InputError
from simulator.profile.json_schema import profile_schema, settings_schema
from simulator.profile.load import parse_profile

DOCS = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text("utf-8")
_ROW = re.compile(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
PROFILE_ROWS, SETTINGS_ROWS = (dict(_ROW.findall(part)) for part in DOCS.split("\n# crybsim.yaml\n"))


def keys(schema: dict[str, Any], part: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a schema as the table writes it (`faults[].for`), and its description."""
    for name, content in part["properties"].items():
        references = [content, content.get("items", {}), *content.get("anyOf", [])]
        reference = next((found["$ref"] for found in references if "$ref" in found), "")
        target = schema["$defs"].get(reference.rpartition("/")[2], {})
        yield prefix + name, content.get("description") or target["description"]
        if "properties" in target:
            is_list = "$ref" in content.get("items", {})
            yield from keys(schema, target, f"{prefix}{name}{'[]' if is_list else ''}.")


BOTH = [(profile_schema(), PROFILE_ROWS), (settings_schema(), SETTINGS_ROWS)]


@pytest.mark.parametrize(("schema", "rows"), BOTH, ids=["profile", "settings"])
def test_every_key_is_in_the_docs_with_the_words_of_the_schema(schema: dict[str, Any], rows: dict[str, str]) -> None:
    expected = dict(keys(schema, schema))
    expected.pop("faults[].kind", None)  # described at length there, by reference here
    missing = {key: text for key, text in expected.items() if rows.get(key) != text}
    assert not missing


@pytest.mark.parametrize(("schema", "rows"), BOTH, ids=["profile", "settings"])
def test_the_docs_name_no_key_that_is_gone(schema: dict[str, Any], rows: dict[str, str]) -> None:
    assert set(rows) - {key for key, _ in keys(schema, schema)} == set()


def example() -> str:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    return str(text)


def test_the_example_is_right() -> None:
    assert parse_profile(example(), file="api-errors.yaml").faults[0].id == "bad-release"


def test_the_messages_shown_are_the_ones_given() -> None:
    lines = re.findall(r"^profiles/api-errors\.yaml:\d+:\d+: (.*)$", DOCS, re.MULTILINE)
    wrong = example().replace("kind: http_errors", "kind: http_erors").replace("at: 45s", "at: 45")
    with pytest.raises(InputError) as caught:
        parse_profile(wrong, file="profiles/api-errors.yaml")
    assert [str(problem).split(": ", 1)[1] for problem in caught.value.problems] == lines
