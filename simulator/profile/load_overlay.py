"""Reading overlays. Every mistake in a file is told at once, with its line and column."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from simulator.catalog.catalogue import Catalogue
from simulator.errors import InputError, did_you_mean
from simulator.profile.checks import Findings
from simulator.profile.document import Document, Steps, parse_document, read_document
from simulator.profile.mend import read_as
from simulator.profile.overlaid import apply
from simulator.profile.overlay import AddedFamily, Binding, Overlay, OverlayFile
from simulator.telemetry.samples import MetricType

_WHAT = "an overlay"


def load_overlay(
    path: Path, base: Catalogue, *, signals: Mapping[str, str], spreads: Collection[str]
) -> tuple[OverlayFile, Catalogue]:
    """Read an overlay, and put it on top of a catalogue. `signals` are the model's, with their units; `spreads` its
    distributions of times. Raises InputError with one problem per mistake, in the order of the file."""
    return _checked(read_document(path, what=_WHAT, may_be_empty=True), base, signals, spreads)


def parse_overlay(
    text: str, base: Catalogue, *, file: str, signals: Mapping[str, str], spreads: Collection[str]
) -> tuple[OverlayFile, Catalogue]:
    """`load_overlay` for text that is already here; `file` is what messages call it. Raises InputError."""
    return _checked(parse_document(text, file=file, what=_WHAT, may_be_empty=True), base, signals, spreads)


def _checked(
    document: Document, base: Catalogue, signals: Mapping[str, str], spreads: Collection[str]
) -> tuple[OverlayFile, Catalogue]:
    reading = read_as(document, Overlay)
    findings = Findings(document, reading.broken)
    catalogue = base
    if reading.value is not None:
        for index, added in enumerate(reading.value.add):
            _check_model(added, ("add", index), findings, signals, spreads)
        catalogue = apply(base, reading.value, findings.report)
    problems = sorted([*reading.problems, *findings.problems], key=lambda problem: (problem.line, problem.column))
    if problems or reading.value is None:
        raise InputError(*problems)
    return OverlayFile(path=document.file, sha256=overlay_hash(reading.value), content=reading.value), catalogue


def overlay_hash(overlay: Overlay) -> str:
    """SHA-256 over the overlay's meaning: comments and layout do not count."""
    return hashlib.sha256(overlay.model_dump_json(by_alias=True).encode()).hexdigest()


def _check_model(
    added: AddedFamily, steps: Steps, findings: Findings, signals: Mapping[str, str], spreads: Collection[str]
) -> None:
    """What an added family takes from the model is there, and of the right kind."""
    if added.spread is not None and added.spread not in spreads:
        names = ", ".join(sorted(spreads))
        hint = did_you_mean(added.spread, spreads)
        findings.report((*steps, "spread"), f"the model has no spread {added.spread!r}{hint} (it has {names})")
    bindings: list[tuple[Binding, Steps]] = [(added, steps)]
    bindings += [(one, (*steps, "series", index)) for index, one in enumerate(added.series)]
    for binding, place in bindings:
        if binding.signal is None:
            continue
        if binding.signal not in signals:
            hint = did_you_mean(binding.signal, signals)
            message = f"the model has no signal {binding.signal!r}{hint} (crybsim catalog signals lists them)"
            findings.report((*place, "signal"), message)
        elif added.type is not MetricType.GAUGE and not signals[binding.signal].endswith("/s"):
            unit = signals[binding.signal] or "a plain number"
            message = f"{binding.signal} is a level ({unit}); a {added.type} follows a rate, such as http.served"
            findings.report((*place, "signal"), message, (*steps, "type"))
