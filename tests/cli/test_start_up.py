"""A command starts soon because it loads only what it needs: looked at, not timed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from simulator.cli.commands import ENTRIES

LOOK = """
import json, sys
from simulator.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("\\n" + json.dumps(sorted(sys.modules)))
"""
COMPILED = {"numba", "llvmlite"}
"""A second by themselves; only what computes something of the model needs them."""
SERVING = {"httpx", "starlette", "uvicorn", "aiosmtpd", "socketio", "cryptography"}


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--version"], COMPILED | SERVING | {"numpy", "pydantic", "rich", "typer"}),
        (["--help"], COMPILED | SERVING | {"numpy", "pydantic", "rich", "typer"}),
        ([], COMPILED | SERVING | {"rich", "typer"}),
        (["profile", "check", "quiet-evening"], COMPILED | SERVING | {"rich", "jinja2", "promql_parser"}),
        (["profile", "list"], COMPILED | SERVING | {"rich", "jinja2", "promql_parser"}),
        (["profile", "new", "--help"], SERVING | {"jinja2"}),
        (["catalog", "list", "--job", "redis"], COMPILED | SERVING | {"jinja2"}),
        (["catalog", "faults"], COMPILED | SERVING | {"rich", "jinja2"}),
        (["stack", "down"], COMPILED | SERVING | {"numpy", "rich", "jinja2"}),
        (["report", "--help"], COMPILED | SERVING),
        (["compare", "--help"], COMPILED | SERVING),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",  # a set has another order in each process
)
def test_a_command_leaves_alone_what_it_does_not_need(arguments: list[str], unwanted: set[str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = set(json.loads(ended.stdout.splitlines()[-1]))
    assert "simulator.cli.main" in loaded
    assert not loaded & unwanted


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.parts])
def test_no_part_of_a_command_is_left_out_of_the_list(name: str) -> None:
    folder = import_module(ENTRIES[name].module)
    modules = [module.name for module in iter_modules(folder.__path__)]
    found = {each for each in modules if hasattr(import_module(f"{folder.__name__}.{each}"), "command")}
    assert found == set(ENTRIES[name].parts)
