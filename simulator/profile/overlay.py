"""A catalogue overlay as pydantic models: how a team's own metrics differ from the catalogue, in one YAML file.

What is allowed beyond the single fields (names that must exist, bindings that must fit the type) is
`simulator.profile.overlaid`'s work.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from simulator.profile.fields import Duration, LabelName, Noun, Text
from simulator.profile.part import Part
from simulator.telemetry.notation import parse_notation
from simulator.telemetry.samples import MetricType
from simulator.units import SECOND

METRIC_PATTERN = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"


def _notation(text: str) -> str:
    parse_notation(text)
    return text


MetricName = Annotated[
    str,
    StringConstraints(pattern=METRIC_PATTERN),
    Noun("a metric's name (letters, digits, _ and :)", "some_metric"),
]
FamilyPattern = Annotated[
    str,
    StringConstraints(pattern=r"^([^\s/]+/)?[a-zA-Z0-9_:*?]+$"),
    Noun("a family such as cryb_messages_total, cryb-api/cryb_* or *", "*"),
]
JobName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"),
    Noun("a scrape job's name (letters, digits, _ . and -)", "some-job"),
]
FaultName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Noun("a fault's kind or id", "some-fault"),
]
LabelValue = Annotated[str, Noun("a label's value, in quotes where it is a number: '200'", "some value")]
LabelValues = Annotated[tuple[LabelValue, ...], Field(min_length=1)]
LabelShares = Annotated[dict[LabelValue, Annotated[float, Field(gt=0)]], Field(min_length=1)]
LabelChoice = Annotated[
    LabelValue | LabelValues | LabelShares,
    Noun("a label's value, a list of values, or values with their shares (numbers in quotes: '200')", "some value"),
]
NotationText = Annotated[
    str,
    AfterValidator(_notation),
    Noun("a series in promtool's notation, such as 0+10x20", "0x1"),
]
Bounds = Annotated[tuple[float, ...], Field(min_length=1, max_length=200)]


class OverlayJob(Part):
    """A scrape job that the catalogue does not have."""

    port: Annotated[int, Field(ge=1, le=65535)]
    """The port of its targets."""
    instances: Annotated[int, Field(ge=1, le=500)] = 1
    """How many targets it has; counts that follow a signal are divided among them."""
    down_during: tuple[FaultName, ...] = ()
    """Faults, by kind or id, that let its targets refuse the scrape."""


class ChangedFamily(Part):
    """A family of the catalogue that the platform exposes in another shape."""

    family: MetricName
    """Its name in the catalogue."""
    job: JobName | None = None
    """The job that exposes it; needed where several do."""
    name: MetricName | None = None
    """What it is called instead."""
    labels: dict[LabelName, LabelName] = Field(default_factory=dict)
    """Labels that are called otherwise: `code: status_code`."""
    without: tuple[LabelName, ...] = ()
    """Labels that it does not have; counts are added up over them."""
    with_: Annotated[dict[LabelName, LabelValue], Field(alias="with")] = Field(default_factory=dict)
    """Further labels that all its series carry."""
    buckets: Bounds | None = None
    """The upper bounds of its buckets, without +Inf."""


class Binding(Part):
    """Where series get their values from: a signal of the model, or what is written down here."""

    labels: dict[LabelName, LabelChoice] = Field(default_factory=dict)
    """Labels with their values: one, a list, or a mapping to each one's share of the signal (gauges: its factor)."""
    signal: str | None = None
    """The signal of the model that it follows; counters and histograms follow rates."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """The signal is multiplied by this."""
    values: NotationText | None = None
    """The samples from the run's start on, in promtool's notation; what is written first and last lasts."""
    every: Annotated[Duration, Field(ge=SECOND)] = 15 * SECOND
    """The time from one written sample to the next."""
    during: dict[FaultName, NotationText] = Field(default_factory=dict)
    """What a fault, by kind or id, does from its onset to its end: added to a counter, shown instead by a gauge."""


class AddedFamily(Binding):
    """A family that the catalogue does not have."""

    name: MetricName
    """Its name, as the `# TYPE` line has it."""
    job: JobName
    """The scrape job that exposes it."""
    type: MetricType
    """Its type."""
    help: Text = ""
    """Its help text."""
    buckets: Bounds | None = None
    """A histogram's upper bounds, without +Inf."""
    spread: str | None = None
    """A histogram of times: how they are spread in the model, such as `http.read`."""
    median: Annotated[float, Field(gt=0)] | None = None
    """A histogram of amounts (bytes, results): their median, lognormal around it."""
    sigma: Annotated[float, Field(gt=0, le=5)] = 1.0
    """The standard deviation of the amounts' logarithm."""
    series: tuple[Binding, ...] = ()
    """Instead of one binding for all: several, each with labels of its own."""
    confirm: bool = False
    """true: a tool guessed this; it works, but commands remind of it until a person has removed this line."""


class Overlay(Part):
    """How a platform's metrics differ from the catalogue. Several overlays apply one after another."""

    description: Text = ""
    """Whose metrics these are."""
    jobs: dict[JobName, OverlayJob] = Field(default_factory=dict)
    """Scrape jobs that the catalogue does not have."""
    drop: tuple[FamilyPattern, ...] = ()
    """Families that the platform does not expose; `*` stands for any text, `job/` limits to one job."""
    change: tuple[ChangedFamily, ...] = ()
    """Families in another shape."""
    add: tuple[AddedFamily, ...] = ()
    """Families that the catalogue does not have."""


class OverlayFile(Part):
    """An overlay that a run uses: where it was read, and what was in it."""

    path: str
    sha256: str
    content: Overlay
