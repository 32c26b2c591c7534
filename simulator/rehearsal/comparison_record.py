"""What comparisons of the catalogue with a real platform have found, kept so that a verdict can cite it.

One small file beside crybsim.yaml, `.crybsim/catalogue-comparison.json`. It is keyed by the catalogue's digest,
overlays included: a changed catalogue is one that was not compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.comparison import Comparison
from simulator.errors import InputError
from simulator.verdict.facts import CatalogueComparison

RECORD: Final = Path(".crybsim") / "catalogue-comparison.json"


class ComparedJob(BaseModel):
    """The last comparison of one job. `date` is a day, ISO 8601."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str
    source: str
    differences: int


class ComparisonRecord(BaseModel):
    """By the catalogue's digest, by job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    catalogues: dict[str, dict[str, ComparedJob]] = {}


def read_record(folder: Path) -> ComparisonRecord:
    """The record of a folder; an empty one where there is none. Raises InputError for a file that is not one."""
    path = folder / RECORD
    try:
        return ComparisonRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ComparisonRecord()
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: is not a record of comparisons; remove it and compare again") from error


def write_comparison(folder: Path, catalogue: Catalogue, comparison: Comparison, *, date: str, source: str) -> Path:
    """Note a comparison beside those of other jobs; the file's path. Raises InputError where it cannot be written."""
    record = read_record(folder)
    jobs = dict(record.catalogues.get(catalogue.digest, {}))
    for job in comparison.jobs:
        count = sum(difference.job == job for difference in comparison.differences)
        jobs[job] = ComparedJob(date=date, source=source, differences=count)
    updated = ComparisonRecord(catalogues={**record.catalogues, catalogue.digest: jobs})
    path = folder / RECORD
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(updated.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def load_comparison(folder: Path, catalogue: Catalogue) -> CatalogueComparison | None:
    """What a verdict may cite: all jobs that were ever compared, with the date of the oldest; None where none was."""
    jobs = read_record(folder).catalogues.get(catalogue.digest)
    if not jobs:
        return None
    return CatalogueComparison(
        date=min(job.date for job in jobs.values()), differences=sum(job.differences for job in jobs.values())
    )
