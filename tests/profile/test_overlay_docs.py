"""docs/overlays.md has a row for every key of an overlay, with the words of the schema; its example is right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.catalogue import PLATFORM
from simulator.model.moment import SIGNALS
from simulator.model.spreads import SPREADS
from simulator.profile.json_schema import overlay_schema
from simulator.profile.load_overlay import parse_overlay

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "overlays.md").read_text("utf-8")
SCHEMA = overlay_schema()


def keys(part: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key as the table writes it (`add[].name`, `jobs.NAME.port`), and its description."""
    for name, content in part["properties"].items():
        named = next(iter(content.get("patternProperties", {}).values()), {})
        reference = content.get("items", {}).get("$ref") or named.get("$ref") or ""
        target = SCHEMA["$defs"].get(reference.rpartition("/")[2], {})
        yield prefix + name, content["description"]
        if "properties" in target:
            yield from keys(target, f"{prefix}{name}{'.NAME' if named else '[]'}.")


def test_every_key_has_its_row() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", DOCS, re.MULTILINE))
    assert rows == dict(keys(SCHEMA))


def test_the_published_schema_is_the_one_printed() -> None:
    published = json.loads((ROOT / "docs" / "schema" / "overlay.schema.json").read_text("utf-8"))
    assert published == SCHEMA, "crybsim catalog schema > docs/schema/overlay.schema.json"


def test_the_example_is_right() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    units = {name: signal.unit for name, signal in SIGNALS.items()}
    overlay, catalogue = parse_overlay(text, PLATFORM, file="o.yaml", signals=units, spreads=SPREADS)
    assert catalogue.job("shop").targets == ("shop-1", "shop-2")
    assert [added.name for added in overlay.content.add][-1] == "shop_mail_queue"
    Draft202012Validator(SCHEMA).validate(YAML(typ="safe", pure=True).load(text))
