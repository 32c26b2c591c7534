"""The verdict for programs: JSON, and the schema that it keeps to."""

from __future__ import annotations

import json

from simulator.verdict.document import Verdict


def render_json(verdict: Verdict) -> str:
    """What `verdict.json` holds; `Verdict.read` reads it back."""
    return verdict.model_dump_json(indent=2) + "\n"


def verdict_schema() -> str:
    """The JSON Schema (2020-12) of `verdict.json`, as printed by `crybsim report --schema`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "crybsim verdict",
    } | Verdict.model_json_schema(mode="serialization")
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
