"""What the documents show can be typed, and what they point at is there. Nothing is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import typer

from simulator.cli.apps import app_of
from simulator.cli.commands import ENTRIES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("monitoring/**/*.md"))]
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.S | re.M)
IN_FENCE = re.compile(r"^(?:\$ )?(crybsim .+)$", re.M)
INDENTED = re.compile(r"^    (crybsim .+)$", re.M)
MENTIONED = re.compile(r"`(crybsim [^`]+)`")
SHELL = re.compile(r"\s(?:[>|&#]|&&)(?:\s|$)")
CODE = re.compile(r"`([\w.]+)`")
PATH = re.compile(
    r"`((?:alerting|bench|dashboards|deploy|docker|docs|examples|monitoring|profiles|scenarios|setup|simulator|tests)/"
    r"[\w./*-]*)`"
)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def shown_in(text: str) -> Iterator[list[str]]:
    """The words of each command line in a block of its own."""
    fenced = "".join(match[1] for match in FENCED.finditer(text))
    for line, block in ((IN_FENCE, fenced), (INDENTED, FENCED.sub("", text))):
        for match in line.finditer(block.replace("\\\n", " ")):
            yield shlex.split(SHELL.split(match[1])[0])


@lru_cache
def command(name: str) -> typer.core.TyperCommand | typer.core.TyperGroup:
    return typer.main.get_command(app_of(ENTRIES[name]))  # type: ignore[return-value]


def parse(words: list[str]) -> None:
    """As crybsim would read it. Raises KeyError, or what typer says."""
    _, name, *rest = words
    if name.startswith("--"):
        return
    found = command(name)
    if ENTRIES[name].parts:
        part, *rest = rest
        found = found.commands[part]
    found.make_context(name, rest)


@each_document
def test_commands_that_are_shown_are_taken(path: Path) -> None:
    for words in shown_in(path.read_text("utf-8")):
        parse(words)


@each_document
def test_commands_that_are_mentioned_exist(path: Path) -> None:
    for match in MENTIONED.finditer(FENCED.sub("", path.read_text("utf-8"))):
        _, name, *rest = match[1].split()
        if name[0].isupper() or name.startswith("--"):  # COMMAND stands for any
            continue
        assert name in ENTRIES, match[0]
        if ENTRIES[name].parts and rest:
            assert rest[0] in ENTRIES[name].parts, match[0]


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    for match in LINK.finditer(path.read_text("utf-8")):
        if "://" not in match[1]:
            assert (path.parent / match[1]).exists(), match[0]


@each_document
def test_paths_that_are_mentioned_exist(path: Path) -> None:
    missing = [name for name in PATH.findall(path.read_text("utf-8")) if not any(ROOT.glob(name))]
    assert not missing


def test_every_flag_is_in_a_document() -> None:
    shown = {flag for path in DOCUMENTS for flag in FLAG.findall(path.read_text("utf-8"))}
    for name, entry in ENTRIES.items():
        found = command(name)
        for one in found.commands.values() if entry.parts else (found,):
            for option in one.params:
                names = {flag for flag in (*option.opts, *option.secondary_opts) if flag.startswith("--")}
                assert not names or names & shown, f"{name}: {', '.join(names)}"


@pytest.mark.parametrize(
    ("heading", "folder"), [("The packages of simulator/", "simulator"), ("A rehearsal", "simulator/rehearsal")]
)
def test_every_package_has_its_line(heading: str, folder: str) -> None:
    """In docs/packages.md, where a newcomer looks."""
    section = (ROOT / "docs" / "packages.md").read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    named = {
        name for line in section.splitlines() if line.startswith("| `") for name in CODE.findall(line.split("|")[1])
    }
    there = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
    if folder == "simulator":
        there |= {path.name for path in (ROOT / folder).glob("[a-z]*.py")}
    assert named == there
