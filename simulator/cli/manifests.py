"""Team files that lie inside Kubernetes manifests, written out as plain files that the servers read.

They go to `.crybsim/manifests/` beside crybsim.yaml, one file for each manifest, as the Prometheus Operator does it.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from simulator.errors import InputError, Problem
from simulator.wire.kubernetes import Carried, CarriedFile, carried_files, is_helm_template, is_manifest

FOLDER: Final = Path(".crybsim") / "manifests"
_SECOND_DOCUMENT: Final = re.compile(r"^---\s*(?:#.*)?\n(?=(?:\s*(?:#.*)?\n)*\s*groups:)", re.MULTILINE)

Say = Callable[[str], None]


def carried_in(path: Path) -> tuple[CarriedFile, ...]:
    """What a file carries, empty where it is no manifest. Raises InputError for manifests that cannot be read."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()  # whoever needs it says so
    if not is_manifest(text):
        return ()
    try:
        return carried_files(text)
    except ValueError as error:
        if is_helm_template(text):
            what = "is a Helm template; render it first: helm template CHART > rendered.yaml"
            raise InputError(Problem(str(path), 0, 0, "", what)) from error
        raise InputError(Problem(str(path), 0, 0, "", f"is not YAML: {error}")) from error


def plain_rule_files(paths: Iterable[Path], folder: Path, say: Say = lambda _: None) -> tuple[Path, ...]:
    """Rule files, those inside of manifests written out; `say` hears what was done. Raises InputError."""
    plain: list[Path] = []
    for path in paths:
        carried = [file for file in carried_in(path) if file.kind is Carried.RULES]
        plain += _write_all(path, carried, folder) if carried else [path]
        if carried:
            names = ", ".join(file.name for file in carried)
            say(f"{path}: a Kubernetes manifest; its rules ({names}) are read from {folder / FOLDER}")
        elif (dropped := later_documents(path)) > 0:
            say(
                f"{path}: has {dropped + 1} YAML documents with groups; Prometheus reads the first and ignores the rest"
            )
    return tuple(dict.fromkeys(plain))


def plain_patterns(patterns: Iterable[str], folder: Path, say: Say = lambda _: None) -> tuple[str, ...]:
    """Patterns of rule files, with the files that manifests carry in place of the manifests. Raises InputError."""
    plain: list[str] = []
    for pattern in patterns:
        found = [Path(match) for match in sorted(glob.glob(pattern))]  # noqa: PTH207 - may be absolute
        written = plain_rule_files(found, folder, say)
        plain += [pattern] if list(written) == found else [glob.escape(str(path.absolute())) for path in written]
    return tuple(plain)


def plain_config(path: Path, kind: Carried, folder: Path, say: Say = lambda _: None) -> Path:
    """A configuration, the one inside of a manifest written out. Raises InputError."""
    carried = [file for file in carried_in(path) if file.kind is kind]
    if not carried:
        return path
    if len(carried) > 1:
        names = ", ".join(file.name for file in carried)
        raise InputError(Problem(str(path), 0, 0, "", f"carries several ({names}); keep one of them in a file"))
    (written,) = _write_all(path, carried, folder)
    say(f"{path}: a Kubernetes manifest; its {carried[0].name} is read from {written}")
    return written


def later_documents(path: Path) -> int:
    """How many YAML documents with rule groups follow the first one: Prometheus never reads them."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return 0
    first = text.find("groups:")
    return sum(found.start() > first >= 0 for found in _SECOND_DOCUMENT.finditer(text.replace("\r\n", "\n")))


def first_document(path: Path) -> str | None:
    """The text of what Prometheus reads of a rule file where more documents follow, else None."""
    if not later_documents(path):
        return None
    text = path.read_text("utf-8-sig").replace("\r\n", "\n")
    first = text.find("groups:")
    return next(text[: found.start()] for found in _SECOND_DOCUMENT.finditer(text) if found.start() > first)


def _write_all(path: Path, carried: Iterable[CarriedFile], folder: Path) -> list[Path]:
    place = folder / FOLDER / _file_name(path.stem)
    written: dict[Path, str] = {}
    for file in carried:
        name = _file_name(Path(file.name).stem if file.name.endswith((".yml", ".yaml")) else file.name) or path.stem
        target = place / f"{name}.yml"
        number = 2
        while target in written:
            target, number = place / f"{name}-{number}.yml", number + 1
        written[target] = file.text
    try:
        place.mkdir(parents=True, exist_ok=True)
        for target, text in written.items():
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{place}: cannot be written: {error.strerror or error}") from error
    return list(written)


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")
