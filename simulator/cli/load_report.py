"""What a load run leaves in its folder, and how that is shown again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console

from simulator.cli.load_view import show_result
from simulator.errors import ExitCode, InputError
from simulator.load.judgement import LoadFinding, LoadJudgement
from simulator.load.report_file import ReportFile
from simulator.profile.manifest import Manifest
from simulator.rehearsal.run_folder import RunFolder
from simulator.report.load_junit import render_load_junit
from simulator.report.load_page import render_load_page
from simulator.telemetry.observations import LoadEnded
from simulator.wire.load_report import Measured

RESULT_FILE = "load.json"


class LoadResult(BaseModel):
    """The content of load.json."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    findings: tuple[LoadFinding, ...]
    load: LoadEnded
    target: str = "not told"
    rerun: str = ""
    cleanup: Annotated[Any, Field(description="What was removed again")] = None

    @property
    def judgement(self) -> LoadJudgement:
        """The findings as they were."""
        return LoadJudgement(self.findings)


def write_result(folder: RunFolder, manifest: Manifest, result: LoadResult) -> bytes:
    """Write load.json, junit.xml and report.html; returns the first."""
    content = asdict(result.load)
    document: dict[str, Any] = {"outcome": result.outcome, "findings": result.findings, "load": content}
    document |= {"target": result.target, "rerun": result.rerun}
    if result.cleanup is not None:
        document["cleanup"] = result.cleanup
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder.path / RESULT_FILE).write_bytes(text)
    (folder.path / "junit.xml").write_text(_junit(manifest, result), encoding="utf-8")
    (folder.path / "report.html").write_text(_page(folder.path, manifest, result), encoding="utf-8")
    return text


def is_load_run(run: str, places: Sequence[Path]) -> Path | None:
    """The folder of a load run by path or name; None where it is none (a rehearsal has a verdict)."""
    for folder in places:
        if (folder / RESULT_FILE).is_file() and not (folder / "verdict.json").is_file():
            return folder
    return None


def report_load(folder: Path, *, junit: Path | None, html: Path | None, as_json: bool) -> ExitCode:
    """Show a load run again. The exit code is the run's own. Raises InputError for files that cannot be read."""
    path = folder / RESULT_FILE
    try:
        text = path.read_bytes()
        result = LoadResult.model_validate(orjson.loads(text))
        manifest = Manifest.read(RunFolder(folder).manifest)
    except (OSError, orjson.JSONDecodeError, ValidationError) as error:
        raise InputError(f"{path}: is not the result of a load run that this version can read") from error
    for name, file in (("junit", junit), ("html", html)):
        if file is not None:
            rendered = _junit(manifest, result) if name == "junit" else _page(folder, manifest, result)
            try:
                file.write_text(rendered, encoding="utf-8")
            except OSError as error:
                raise InputError(f"{file}: cannot be written: {error.strerror or error}") from error
            typer.echo(f"wrote {file}", err=True)
    if as_json:
        typer.echo(text.decode(), nl=False)
    elif junit is None and html is None:
        show_result(Console(highlight=False), result.load, result.judgement)
    return result.judgement.outcome


def _junit(manifest: Manifest, result: LoadResult) -> str:
    return render_load_junit(manifest.profile.name, manifest.started_ms, result.load.at_ms, result.judgement)


def _page(folder: Path, manifest: Manifest, result: LoadResult) -> str:
    lines = [record for record in ReportFile(folder / "load.jsonl").read() if isinstance(record, Measured)]
    return render_load_page(manifest, lines, result.load, result.judgement, target=result.target, rerun=result.rerun)
