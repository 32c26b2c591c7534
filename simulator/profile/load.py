"""Reading profiles: from a path, or by the name of a shipped or local one. Every mistake in a file is told at once."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import InputError, did_you_mean
from simulator.profile.check_expect import check_expect
from simulator.profile.check_faults import check_faults
from simulator.profile.checks import Findings, check_run
from simulator.profile.document import Document, parse_document, read_document
from simulator.profile.mend import read_as
from simulator.profile.schema import Profile
from simulator.resources import shipped

_WHAT = "a profile"


def load_profile(path: Path) -> Profile:
    """Read and check a profile. Raises InputError with one problem per mistake, in the order of the file."""
    return _checked(read_document(path, what=_WHAT))


def parse_profile(text: str, *, file: str) -> Profile:
    """`load_profile` for text that is already here; `file` is what messages call it. Raises InputError."""
    return _checked(parse_document(text, file=file, what=_WHAT))


def _checked(document: Document) -> Profile:
    reading = read_as(document, Profile)
    findings = Findings(document, reading.broken)
    if reading.value is not None:
        check_run(reading.value, findings, document.file)
        check_faults(reading.value, findings)
        check_expect(reading.value, findings)
    problems = sorted([*reading.problems, *findings.problems], key=lambda problem: (problem.line, problem.column))
    if problems or reading.value is None:
        raise InputError(*problems)
    return reading.value


def profile_files() -> list[Path]:
    """Every profile that can be named: those in ./profiles, then the shipped ones that none of them hides."""
    found: dict[str, Path] = {}
    for folder in (Path("profiles"), shipped("profiles")):
        for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            found.setdefault(path.stem, path)
    return list(found.values())


def resolve_profile(argument: str) -> Path:
    """The file of a profile given as a path or by name (`api-errors`). Raises InputError with the nearest name."""
    path = Path(argument)
    if path.exists() or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if not path.exists():
            names = [str(file) for file in profile_files()]
            raise InputError(f"{argument}: no such profile{did_you_mean(argument, names)}")
        return path
    files = {file.stem: file for file in profile_files()}
    if argument not in files:
        there = ", ".join(files) or "none"
        raise InputError(f"{argument!r} is not a profile{did_you_mean(argument, files)} (profiles here: {there})")
    return files[argument]
