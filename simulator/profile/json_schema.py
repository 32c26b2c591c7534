"""The published JSON Schemas (draft 2020-12), from the same models that read the files; editors complete with them.

What the models leave to `simulator.profile.checks` (fault kinds, their scopes and parameters, route patterns) is added
here from the catalogue, so that an editor knows it too.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from simulator.catalog.faults import FAULT_KINDS, FaultKind, Parameter
from simulator.catalog.routes import PATTERNS
from simulator.profile.fields import DURATION_PATTERN, RATE_PATTERN
from simulator.profile.overlay import Overlay
from simulator.profile.schema import FORMER_JOURNEYS, FaultTarget, Profile
from simulator.profile.settings import Settings
from simulator.profile.target import Target
from simulator.telemetry.observations import NotificationKind
from simulator.units import format_duration, format_rate

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]  # JSON Schema has no narrower type than JSON


def profile_schema() -> Schema:
    """The schema of a profile."""
    schema = _of(Profile, "A crybsim profile")
    definitions: Schema = schema["$defs"]
    history = schema["properties"]["history"]
    length = definitions["History"]["properties"]["length"]
    shorthand = {key: length[key] for key in ("type", "pattern", "minimum", "maximum")}
    schema["properties"]["history"] = {
        "anyOf": [{"$ref": "#/$defs/History"}, shorthand],
        **{key: value for key, value in history.items() if key != "$ref"},
    }
    fault = definitions["Fault"]
    fault["properties"]["kind"] = {
        "description": "What breaks: " + "; ".join(f"{kind.name}: {kind.summary}" for kind in FAULT_KINDS),
        "enum": [kind.name for kind in FAULT_KINDS],
    }
    fault["properties"]["parameters"] |= {"additionalProperties": True}
    fault["allOf"] = [_of_kind(kind) for kind in FAULT_KINDS]
    definitions["PlatformSize"]["properties"]["regions"] |= {"additionalProperties": False}
    definitions["FaultTarget"]["properties"]["route"]["anyOf"][0]["enum"] = sorted(PATTERNS)
    journeys = definitions["Journeys"]["properties"]
    for name, former in FORMER_JOURNEYS.items():
        journeys[former] = {**journeys[name], "description": f"The former name of {name}.", "deprecated": True}
    notifies = definitions["ExpectedAlert"]["properties"]["notifies"]["items"]
    notifies["anyOf"] = [
        {"enum": [kind.value for kind in NotificationKind]},
        {"pattern": r"^#[^\s#]+$"},
        {"pattern": r"^[^\s@]+@[^\s@]+$"},
        {"pattern": r"^receiver:\S"},
    ]
    return schema


def settings_schema() -> Schema:
    """The schema of crybsim.yaml."""
    return _of(Settings, "crybsim.yaml: what a team would otherwise repeat on every command line")


def target_schema() -> Schema:
    """The schema of a target file."""
    schema = _of(Target, "A crybsim target file")
    schema["properties"]["routes"] |= {"propertyNames": {"enum": sorted(PATTERNS)}}
    return schema


def overlay_schema() -> Schema:
    """The schema of a catalogue overlay."""
    return _of(Overlay, "A crybsim catalogue overlay")


def _of(model: type[BaseModel], title: str) -> Schema:
    schema = _tidied(model.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, **schema, "title": title}


def _tidied(schema: Any, *, names: bool = False) -> Any:
    """Without pydantic's titles, which only repeat the keys, and with defaults as a file writes them.

    `names` is set inside a mapping of names to schemas, where a key called `title` would be a name.
    """
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {
        key: _tidied(value, names=not names and key in ("properties", "$defs"))
        for key, value in schema.items()
        if names or key not in ("title", "default")
    }
    default = schema.get("default")
    if names or default is None or isinstance(default, dict | list):
        return tidy
    if schema.get("pattern") == DURATION_PATTERN:
        default = format_duration(default)
    elif schema.get("pattern") == RATE_PATTERN:
        default = format_rate(default)
    return tidy | {"default": default}


def _of_kind(kind: FaultKind) -> Schema:
    """What one fault kind allows beside what all of them do."""
    closed: Schema = {name: False for name in FaultTarget.model_fields if name not in (*kind.scopes, "service")}
    services = kind.services if "service" in kind.scopes else (kind.service,)
    fixed = {"service": {"enum": [*services, None]}}
    parameters: Schema = {
        "properties": {spec.name: _parameter(spec) for spec in kind.parameters},
        "additionalProperties": False,
    }
    return {
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {
            "properties": {
                "intensity": {"description": kind.intensity},
                "target": {"properties": {**closed, **fixed}},
                "parameters": parameters,
            }
        },
    }


def _parameter(spec: Parameter) -> Schema:
    if spec.unit == "duration":
        default = format_duration(round(spec.default))
        return {"description": spec.meaning, "type": "string", "pattern": DURATION_PATTERN, "default": default}
    return {
        "description": spec.meaning,
        "type": "number",
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "default": spec.default,
    }
