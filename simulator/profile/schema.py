"""The profile as pydantic models: one YAML file, frozen once read.

Reading a file with line and column of every mistake is `simulator.profile.load`'s work; here is what is allowed.
All durations are milliseconds, all rates per second.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AliasChoices, Field, field_validator

from simulator.catalog.regions import REGIONS
from simulator.catalog.sizes import Extent, Size
from simulator.errors import did_you_mean
from simulator.profile.fields import (
    AlertName,
    Day,
    Duration,
    FileName,
    Host,
    Instant,
    LabelMatcher,
    LabelName,
    Noun,
    Rate,
    Ratio,
    Slug,
    Text,
    ThresholdText,
)
from simulator.profile.part import Part
from simulator.units import SECOND

SHORTEST_RUN_MS = 10 * SECOND


class Instances(Part):
    """How many instances of each service run."""

    api: Annotated[int, Field(ge=1, le=500)] = 1
    """API processes (each one a scrape target, and in a live run a process of the reference API)."""
    web: Annotated[int, Field(ge=1, le=500)] = 1
    """Web servers."""
    postgres: Annotated[int, Field(ge=1, le=50)] = 1
    """PostgreSQL servers: one primary, the rest replicas."""
    redis: Annotated[int, Field(ge=1, le=50)] = 1
    """Redis servers."""
    node: Annotated[int, Field(ge=1, le=5000)] = 1
    """Hosts."""
    livekit: Annotated[int, Field(ge=1, le=500)] = 1
    """LiveKit SFUs."""


RegionWeight = Annotated[float, Field(gt=0, le=1_000_000), Noun("a weight above 0 and up to 1000000", "1")]
Regions = Annotated[
    dict[Slug, RegionWeight],
    Field(min_length=1, max_length=1000),
    Noun("a mapping of 1 to 1000 regions to their weights", "{europe: 1}"),
]


class PlatformSize(Part):
    """How big the platform is."""

    size: Size = Size.DEFAULT
    """How many series one of everything exports: about 2,000, 8,000 or 11,000, with 3, 25 or 42 routes told apart."""
    registered_users: Annotated[int, Field(ge=10, le=1_000_000_000)] = 50_000
    """Accounts that exist at the start."""
    instances: Instances = Instances()
    """Instances of each service."""
    routes: Annotated[int, Field(ge=1, le=1000), Noun("a whole number from 1 to 1000", "10")] | None = None
    """How many of the API's routes have series of their own, the busiest first; not given: as the size has it."""
    regions: Regions = Field(default_factory=lambda: dict(REGIONS))
    """Regions of the users, each with its weight: a part of the users, and of their traffic and calls."""

    @cached_property
    def extent(self) -> Extent:
        """Which of the catalogue's label values it exposes."""
        return Extent(self.size, self.routes)

    def region_share(self, region: str | None) -> float:
        """The part of the users that is in a region; None is everywhere. Raises KeyError."""
        return 1.0 if region is None else self.regions[region] / sum(self.regions.values())


class Shape(StrEnum):
    """How traffic moves over the day and the week."""

    FLAT = "flat"
    DAILY = "daily"
    EVENING = "evening"
    OFFICE = "office"


class Holiday(Part):
    """A day on which people do something else than usual."""

    day: Day
    """The day, from midnight to midnight in the users' zone."""
    factor: Annotated[float, Field(ge=0, le=20)]
    """Its traffic against that of an ordinary day: 0.4 is quiet, 3 is a launch."""


class Traffic(Part):
    """How much the platform is used: the truth that load, history and telemetry all follow."""

    peak: Annotated[Rate, Field(gt=0, le=1_000_000)] = 20.0
    """HTTP requests at the busiest moment of an ordinary week, over all instances."""
    shape: Shape = Shape.DAILY
    """The curve over the day."""
    trough: Ratio = 0.15
    """The quietest hour's share of the peak."""
    weekend: Annotated[float, Field(gt=0, le=5)] = 1.2
    """Saturdays and Sundays against weekdays."""
    growth: Annotated[float, Field(ge=-1, le=20)] = 0.0
    """What traffic gains in 30 days, as a share of what it is at the run's start; along a straight line."""
    holidays: tuple[Holiday, ...] = ()
    """Days with more or less traffic than their weekday has."""
    time_zone: str = "UTC"
    """IANA zone of the users, in which the day's curve is drawn."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)  # listing all of them walks the disk, so only where it is needed
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            guess = did_you_mean(value, available_timezones())
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin{guess}") from error
        return value


Weight = Annotated[int, Field(ge=0, le=1000)]

FORMER_JOURNEYS = {"lurker": "browse", "poster": "post", "searcher": "search"}
"""Names that journeys had before; a profile may go on using them."""


def _formerly(name: str, weight: int) -> int:
    """A field's default, with the name that it had before beside its own."""
    found: int = Field(weight, validation_alias=AliasChoices(name, FORMER_JOURNEYS[name]))
    return found


class Journeys(Part):
    """How often each HTTP journey is chosen, as weights."""

    lurker: Weight = _formerly("lurker", 6)
    """Reads feeds, posts, servers and channels."""
    poster: Weight = _formerly("poster", 2)
    """Writes messages, posts, comments and votes, and reads what came of it."""
    searcher: Weight = _formerly("searcher", 2)
    """Searches, and opens what was found."""
    uploader: Weight = 0
    """Uploads a picture or a document, posts it and looks at it; uploads are then counted by the API, not the model."""
    moderator: Weight = 0
    """Keeps a community: reports, bans, mutes; moderation is then counted by the API, not the model."""
    newcomer: Weight = 0
    """Registers, fills in a profile, joins, writes for the first time."""
    buyer: Weight = 0
    """Buys cryptocurrency and waits for it; payments are then counted by the API, not the model."""


class Scenario(StrEnum):
    """The locustfiles in scenarios/."""

    HTTP = "http"
    SOCKETIO = "socketio"
    VOICE = "voice"


class LoadModel(StrEnum):
    """What happens to the planned rate while the target does not answer."""

    CLOSED = "closed"
    OPEN = "open"


class Stage(Part):
    """A part of the run in which traffic moves to another level, along a straight line; `for: 0s` is a step."""

    for_: Annotated[Duration, Field(alias="for")]
    """How long it takes."""
    to: Annotated[float, Field(ge=0, le=1000)]
    """The level at its end, as a factor of what traffic would be: 0 is none, 1 as it is, 5 a spike."""


class Load(Part):
    """The load that a live run drives, derived from `traffic`."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)] = (Scenario.HTTP,)
    """Which locustfiles run."""
    scale: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Load over traffic: 0.1 drives a tenth of it. History and telemetry use the scaled rate too."""
    max_users: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Virtual users at most."""
    stages: tuple[Stage, ...] = ()
    """Ramps, steps and spikes from the run's start on, one after another; the last level stays."""
    day: Annotated[Duration, Field(ge=60 * SECOND)] | None = None
    """Given: a whole day of traffic passes in that time, from the run's start on."""
    model: LoadModel = LoadModel.CLOSED
    """closed: users share the rate and wait for answers; open: requests leave when due, whatever became of others."""
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """With the open model: HTTP requests under way at most; what is due above that is dropped, and counted."""
    tolerance: Ratio = 0.2
    """How far measured load may stay from the planned rate before a run is inconclusive."""
    thresholds: tuple[ThresholdText, ...] = ()
    """What measured load is judged by, such as `http p95 < 300ms`, `error ratio < 1 %` or `arrivals dropped = 0`."""
    warm_up: Duration = 0
    """How much of the run's beginning the thresholds leave out."""
    abort_after: Duration | None = None
    """Given: a threshold that is broken from then on ends the load at once."""
    journeys: Journeys = Journeys()
    """Weights of the HTTP journeys."""
    allowed_hosts: tuple[Host, ...] = ()
    """Hosts, beside this machine and those of crybsim.yaml, that this profile's load may go to."""

    @property
    def drives(self) -> frozenset[str]:
        """What this load does, by the names of scenarios and, where HTTP is among them, of journeys."""
        if Scenario.HTTP not in self.scenarios:
            return frozenset(self.scenarios)
        weights: dict[str, int] = self.journeys.model_dump()
        return frozenset((*self.scenarios, *(name for name, weight in weights.items() if weight)))


class FaultShape(StrEnum):
    """How a fault's intensity moves between its onset and its end."""

    STEP = "step"
    PULSES = "pulses"


class FaultTarget(Part):
    """What a fault is limited to; nothing given means all of it."""

    service: str | None = None
    """A service of the platform; most fault kinds fix it."""
    instance: str | None = None
    """One instance, such as `api-1`."""
    route: str | None = None
    """One route pattern of the API, such as `/api/v1/posts`."""
    region: str | None = None
    """One region of the users."""


class Fault(Part):
    """One thing that breaks: from `at` on, for `for`."""

    id: Slug
    """The name that expectations refer to."""
    kind: Annotated[str, Noun("a fault kind (`crybsim catalog faults` lists them)", "http_errors")]
    """What breaks; `crybsim catalog faults` lists the kinds."""
    target: FaultTarget = FaultTarget()
    """Where it breaks."""
    at: Duration
    """Onset, from the run's start."""
    for_: Annotated[Duration, Field(alias="for")]
    """How long it lasts."""
    ramp: Duration = 0
    """How long the intensity takes to rise from nothing, and, before the end, to fall back."""
    shape: FaultShape = FaultShape.STEP
    """step: on throughout; pulses: on and off by turns."""
    period: Duration = 60 * SECOND
    """With pulses: one on and off together."""
    duty: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """With pulses: the share of a period that is on."""
    intensity: Annotated[float, Field(gt=0, le=1)] = 1.0
    """A share in (0, 1]; the fault kind says of what."""
    parameters: dict[str, str | float] = Field(default_factory=dict)
    """Further fields of this kind (a delay, a factor)."""

    @property
    def end(self) -> int:
        """Milliseconds from the run's start at which the fault is over."""
        return self.at + self.for_


class Silence(Part):
    """One silence in Alertmanager, as people set them for maintenance."""

    matchers: Annotated[tuple[LabelMatcher, ...], Field(min_length=1)]
    """Alerts that carry all of these are silenced, such as `severity="warning"` or `team="web"`."""
    at: Duration = 0
    """When it begins, from the run's start."""
    for_: Annotated[Duration, Field(alias="for")]
    """How long it lasts."""
    comment: Text = ""
    """What for."""


class ExpectedAlert(Part):
    """One alert that must fire."""

    name: AlertName
    """The alert's name in the rules."""
    labels: dict[LabelName, str] = Field(default_factory=dict)
    """Labels that the firing alert must carry (others may be there)."""
    caused_by: Slug | None = None
    """The fault that must cause it; the alert must not have fired before."""
    fires_within: Duration | None = None
    """At most this long after the fault's onset (or the run's start)."""
    fires_after: Duration | None = None
    """Not earlier than this after the fault's onset."""
    resolves_within: Duration | None = None
    """At most this long after the fault's end; not given: not judged."""
    notifies: tuple[str, ...] = ()
    """Who must hear of it: `#channel`, an e-mail address, `pagerduty` or another integration, or `receiver:NAME`."""


class Expect(Part):
    """What must react, and what must stay silent."""

    alerts: tuple[ExpectedAlert, ...] = ()
    """Alerts that must fire."""
    silent: tuple[AlertName, ...] = ()
    """Alerts that must not fire."""
    no_other_alerts: bool = True
    """true: an alert that is not named here must not fire (severity `none` and Watchdog aside)."""
    ignore: tuple[AlertName, ...] = ()
    """Alerts that are not judged at all."""
    reviewed: bool = True
    """false: a tool drafted this block; it cannot pass until a person has removed this line."""


class History(Part):
    """How much past there is before the run begins."""

    length: Duration = 0
    """How far back it reaches."""
    resolution: Duration | None = None
    """Spacing of samples before the last 7 hours; not given: 2 minutes."""


class Profile(Part):
    """One rehearsal: who uses the platform, what breaks, what must react."""

    name: Slug
    """As the file is called."""
    description: Annotated[Text, Field(min_length=1, max_length=2000)]
    """What this rehearses, in a sentence or two."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """The same seed gives the same platform, bit by bit."""
    start: Instant
    """The instant of the platform's life at which the run begins, in the traffic's time zone."""
    duration: Duration
    """How long the run takes."""
    history: History = History()
    """The past before it."""
    platform: PlatformSize = PlatformSize()
    """How big the platform is."""
    overlays: tuple[FileName, ...] = ()
    """Catalogue overlays: files, from the profile's folder, that say how metrics differ from the catalogue."""
    traffic: Traffic = Traffic()
    """How much it is used."""
    load: Load = Load()
    """What load a live run drives."""
    faults: tuple[Fault, ...] = ()
    """What breaks, and when."""
    silences: tuple[Silence, ...] = ()
    """Silences that are set in Alertmanager meanwhile; a running stack is left as it is."""
    expect: Expect = Expect()
    """What must react."""

    @field_validator("history", mode="before")
    @classmethod
    def _history_as_length(cls, value: object) -> object:
        return {"length": value} if isinstance(value, str | int) and not isinstance(value, bool) else value

    @property
    def start_ms(self) -> int:
        """The start in milliseconds since the epoch, read in the traffic's zone where it names none."""
        start = self.start if self.start.tzinfo else self.start.replace(tzinfo=ZoneInfo(self.traffic.time_zone))
        return round(start.timestamp() * 1000)

    def fault(self, fault_id: str) -> Fault:
        """The fault of that id. Raises KeyError."""
        for fault in self.faults:
            if fault.id == fault_id:
                return fault
        raise KeyError(fault_id)
