"""A sweep as a document: what each dose of a fault set off, and where each alert trips. `--json` prints it."""

from __future__ import annotations

import json

from simulator.verdict.document import Document

SCHEMA_VERSION = 1


class Reaction(Document):
    """One alert at one dose. Spans are milliseconds from the fault's onset."""

    alert: str
    detect_ms: int | None
    """To firing; None: it did not fire."""
    workbook_ms: int | None
    """The SRE Workbook's detection time for the true error ratio at steady traffic, of alerts on an error budget."""


class Dose(Document):
    """One intensity that was tried; 0 is the run without the fault."""

    intensity: float
    error_ratio: float | None
    """The true share of bad events while the fault acted; None where no rule compares an error ratio."""
    reactions: tuple[Reaction, ...]


class TripPoint(Document):
    """Where an alert trips."""

    alert: str
    fires_at: float | None
    """The smallest intensity tried that fires it; 0: without the fault; None: none does."""
    silent_at: float | None
    """The next smaller one that was tried."""
    threshold: float | None
    """The error ratio that the rule compares with, the highest where there are several."""
    threshold_intensity: float | None
    """The intensity at which the true error ratio reaches it."""
    insensitive: bool | None
    """Whether it trips at the same intensity with its thresholds half as high again, and at two thirds of them; None:
    its expression has no threshold that could be moved, or it never fired."""


class Sweep(Document):
    """A fault at several intensities, and what reacted."""

    schema_version: int = SCHEMA_VERSION
    profile: str
    profile_path: str
    fault: str
    kind: str
    meaning: str
    """What the intensity of this kind of fault is a share of."""
    profile_intensity: float
    lasts_ms: int
    seed: int
    prometheus_version: str
    crybsim_version: str
    doses: tuple[Dose, ...]
    """By intensity."""
    trips: tuple[TripPoint, ...]
    """Alerts that fired at any dose, the most sensitive first."""
    silent: tuple[str, ...]
    """Alerts that never fired."""
    not_evaluated: tuple[str, ...]
    """Rules that could not be evaluated, and why: what they decide was not observed."""
    rerun: str


def sweep_schema() -> str:
    """The JSON Schema of the document."""
    schema = Sweep.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
