"""crybsim.yaml: what a team would otherwise repeat on every command line. A flag beats the file.

The file is looked for in the current folder and upwards. Paths in it are relative to its own folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from simulator.errors import InputError
from simulator.profile.document import Document, read_document
from simulator.profile.fields import Duration, FileName, Host, LabelName, Noun, Rate, Text
from simulator.profile.mend import read_as
from simulator.profile.part import Part
from simulator.profile.schema import Profile
from simulator.units import SECOND

FILE_NAME: Final = "crybsim.yaml"

Pattern = Annotated[str, StringConstraints(min_length=1), Noun("a path, or a pattern such as rules/*.yml", "*.yml")]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+\S*$"),
    Noun("an address such as http://prometheus.staging:9090", "http://127.0.0.1"),
]
Version = Annotated[
    str, StringConstraints(pattern=r"^v?\d+(\.\d+){0,2}$"), Noun("a version in quotes, such as '2.45'", "2.45")
]


class Production(Part):
    """What the team runs in production: a rehearsal does as that does, and says how far its own engine is from it."""

    prometheus: Version | None = None
    """Version of Prometheus."""
    alertmanager: Version | None = None
    """Version of Alertmanager."""
    rules_path: FileName | None = None
    """Where its Prometheus has the rule files, such as /etc/prometheus/rules: instants of evaluations depend on it."""
    prometheus_url: Url | None = None
    """Its Prometheus's `--web.external-url`, as links in alerts and templates show it."""
    alertmanager_url: Url | None = None
    """Its Alertmanager's `--web.external-url`."""


class DiscoveredTargets(Part):
    """Some targets that service discovery would find, as `static_configs` writes them."""

    targets: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Their addresses; the i-th target of a job stands for the i-th instance of what it scrapes."""
    labels: dict[LabelName, Text] = Field(default={})
    """Their labels before relabelling, such as `__meta_kubernetes_pod_label_app`."""


class Limits(Part):
    """What no command exceeds, whatever a profile says."""

    users: Annotated[int, Field(ge=1)] | None = None
    """Virtual users at most, over all scenarios."""
    rate: Annotated[Rate, Field(gt=0)] | None = None
    """Requests at most, messages and calls among them."""
    errors: Annotated[float, Field(gt=0, le=1)] = 0.5
    """A load on a host of yours is stopped when more than this share of its requests fails; 1 never does."""
    errors_for: Duration = 60 * SECOND
    """For how long on end they have to."""


class Settings(Part):
    """The content of crybsim.yaml. Use the `*_files` and `*_path` members: they resolve against the file's folder."""

    rules: tuple[Pattern, ...] = ()
    """Rule files of Prometheus; patterns are allowed."""
    prometheus_config: FileName | None = None
    """The team's prometheus.yml."""
    alertmanager_config: FileName | None = None
    """The team's alertmanager.yml."""
    dashboards: tuple[Pattern, ...] = ()
    """Grafana dashboards (JSON), whose panels `demo` and `validate` look at; patterns are allowed."""
    overlays: tuple[Pattern, ...] = ()
    """Catalogue overlays: how the team's own metric names differ."""
    prometheus_bin: FileName | None = None
    """The prometheus program to use."""
    alertmanager_bin: FileName | None = None
    """The alertmanager program to use."""
    discovered: dict[Text, tuple[DiscoveredTargets, ...]] = Field(default={})
    """By scrape job: what its service discovery finds in production; not given: targets named after the job."""
    jobs: dict[Text, Text] = Field(default={})
    """Which job of the catalogue a scrape job is, such as `api: cryb-api`, where neither its name nor a port tells."""
    production: Production = Production()
    """What runs in production."""
    allowed_hosts: tuple[Host, ...] = ()
    """Hosts, beside this machine, that load and telemetry may be sent to."""
    prometheus_url: Url | None = None
    """The staging stack's Prometheus, at which `validate` looks."""
    alertmanager_url: Url | None = None
    """The staging stack's Alertmanager, at which `validate` looks."""
    loki_url: Url | None = None
    """The staging stack's Loki, at which `validate` looks."""
    grafana_url: Url | None = None
    """The staging stack's Grafana, at which `validate` looks."""
    limits: Limits = Limits()
    """Upper limits on load."""
    target: FileName | None = None
    """The target file: how the API that load goes to differs from the contract, and who its users are."""

    _folder: Path = Path()

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from: the file's, or the current one where there is no file."""
        return self._folder

    def load_hosts(self, profile: Profile) -> tuple[str, ...]:
        """Where a profile's load may go, beside this machine: what the team allows, and what the profile does."""
        return (*self.allowed_hosts, *profile.load.allowed_hosts)

    def file(self, name: str | None) -> Path | None:
        """A path of the file, resolved. `settings.file(settings.prometheus_config)`."""
        return None if name is None else self._folder / name

    def files(self, patterns: Iterable[str]) -> tuple[Path, ...]:
        """The files that these patterns match, sorted. Raises InputError for a pattern that matches none."""
        return expand(patterns, self._folder)


def expand(patterns: Iterable[str], folder: Path) -> tuple[Path, ...]:
    """The files that patterns match from `folder` on, each once, sorted. Raises InputError where one matches none."""
    found: dict[Path, None] = {}
    missing = []
    for pattern in patterns:
        anchor, rest = (Path("/"), pattern.lstrip("/")) if pattern.startswith("/") else (folder, pattern)
        try:
            literal = folder / pattern  # a name may hold what would be special in a pattern
            matches = [literal] if literal.is_file() else sorted(path for path in anchor.glob(rest) if path.is_file())
        except (ValueError, NotImplementedError, IndexError) as error:
            missing.append(f"{pattern!r} is not a path or a pattern: {error}")
            continue
        if not matches:
            missing.append(f"{pattern}: no such file" + (f" from {folder}" if folder != Path() else ""))
        found.update(dict.fromkeys(matches))
    if missing:
        raise InputError(*missing)
    return tuple(sorted(found))


def find_settings(start: Path) -> Path | None:
    """The nearest crybsim.yaml in `start` or above it."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load_settings(path: Path | None = None) -> Settings:
    """Read crybsim.yaml: the given one, else the nearest one upwards, else all defaults. Raises InputError."""
    path = path or find_settings(Path.cwd())
    if path is None:
        return Settings()
    settings = _read(read_document(path, what="crybsim.yaml", may_be_empty=True))
    settings._folder = path.parent
    return settings


def _read(document: Document) -> Settings:
    reading = read_as(document, Settings)
    if reading.problems or reading.value is None:
        raise InputError(*reading.problems)
    return reading.value
