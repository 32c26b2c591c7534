"""What each fault of the run does to this process of the API.

Every process asks the manifest by itself, by the wall clock; overrides made by hand on the admin interface come on top.
A fault's kind that has no effect here (it breaks something else, or is newer than this code) is ignored, and listed.
"""

from __future__ import annotations

import asyncio
import math
import zlib
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Final

import numpy as np

from simulator.catalog.routes import Route
from simulator.clock import Clock
from simulator.profile.activity import ActiveFault
from simulator.profile.manifest import Manifest
from simulator.profile.presence import is_down
from simulator.profile.schema import Fault

SIGMA: Final = 0.5
"""Shape of the lognormal delays: the 95th percentile is 2.3 times the median, the 99th 3.2 times."""
STORAGE: Final = "minio-1"
"""The object store, as an instance."""
FRESH_MS: Final = 10
"""How long an answer of the manifest is used: the error of an onset, in ms."""
TIMEOUT_MS: Final = 5_000
"""A database check that would take longer is a `timeout`, no longer `degraded`."""

Sleep = Callable[[float], Awaitable[None]]


class Effect(Enum):
    """What the API can do about a fault."""

    FAIL = auto()  # a share of requests answers 500
    DELAY = auto()  # a share of requests sleeps before it is handled
    CLOSE = auto()  # the port closes
    SLOW_QUERIES = auto()  # a share of queries waits
    REFUSE_UPLOADS = auto()  # a share of uploads is not stored
    REFUSE_PAYMENTS = auto()  # a share of payments fails
    CUT_SOCKETS = auto()  # a share of the users' sockets is cut, and cut again
    LOSE_MESSAGES = auto()  # a share of messages is accepted and not delivered
    NEGLECT_MESSAGES = auto()  # a share of messages waits for workers that fall behind
    DISTURB_MEDIA = auto()  # the relay does something to packets, by the same manifest
    CROWD = auto()  # the SFU's places are taken: joins are refused here, and the relay loses packets


EFFECTS: Final[dict[str, Effect]] = {
    "http_errors": Effect.FAIL,
    "latency": Effect.DELAY,
    "outage": Effect.CLOSE,
    "deploy": Effect.CLOSE,
    "crash_loop": Effect.CLOSE,
    "database_slow": Effect.SLOW_QUERIES,
    "upload_failures": Effect.REFUSE_UPLOADS,
    "payment_failures": Effect.REFUSE_PAYMENTS,
    "websocket_disconnects": Effect.CUT_SOCKETS,
    "message_failures": Effect.LOSE_MESSAGES,
    "message_latency": Effect.NEGLECT_MESSAGES,
    "voice_packet_loss": Effect.DISTURB_MEDIA,
    "voice_jitter": Effect.DISTURB_MEDIA,
    "voice_delay": Effect.DISTURB_MEDIA,
    "sfu_capacity": Effect.CROWD,
}
"""Fault kind to effect."""


def sfu_of(manifest: Manifest, instance: str) -> str:
    """Which instance of LiveKit the media relay of an API instance stands for: they take turns."""
    number = int(instance.rpartition("-")[2]) if instance.rpartition("-")[2].isdigit() else 1
    return f"livekit-{1 + (number - 1) % manifest.profile.platform.instances.livekit}"


class Faults:
    """The faults that act on one instance, now. Draws are of the run's seed and the instance."""

    def __init__(self, manifest: Manifest, instance: str, clock: Clock) -> None:
        self._manifest = manifest
        self._instance = instance
        self.sfu = sfu_of(manifest, instance)
        """The instance of LiveKit that this one's media relay stands for."""
        self._clock = clock
        self._overrides: dict[str, tuple[ActiveFault, int]] = {}  # with the wall instant at which each one ends
        self._asked_ms = -1
        self._active: tuple[ActiveFault, ...] = ()
        self._random = self.fork()

    def fork(self, *purpose: str) -> np.random.Generator:
        """A generator of draws of the run's seed and the instance, one for each purpose."""
        names = (self._instance, *purpose)
        key = tuple(zlib.crc32(name.encode()) for name in names)
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(self._manifest.seed, spawn_key=key)))

    @property
    def seed(self) -> int:
        """The run's."""
        return self._manifest.seed

    @property
    def ignored(self) -> tuple[Fault, ...]:
        """The profile's faults that do nothing to the API."""
        return tuple(fault for fault in self._manifest.profile.faults if fault.kind not in EFFECTS)

    def active(self) -> tuple[ActiveFault, ...]:
        """The faults that act on this instance."""
        now = self._clock.now_ms()
        if self._asked_ms < 0 or not 0 <= now - self._asked_ms < FRESH_MS:
            self._asked_ms = now
            self._overrides = {name: entry for name, entry in self._overrides.items() if now < entry[1]}
            of_profile = [(acting, acting.fault) for acting in self._manifest.active(now)]
            by_hand = [(acting, self._dated(acting.fault, ends)) for acting, ends in self._overrides.values()]
            self._active = tuple(acting for acting, fault in (*of_profile, *by_hand) if self._concerns(fault, now))
        return self._active

    def override(self, fault: Fault) -> None:
        """Let a fault act from now on, for its `for`. One of the same id is replaced."""
        self._overrides[fault.id] = (ActiveFault(fault, fault.intensity), self._clock.now_ms() + fault.for_)
        self._asked_ms = -1

    def lift(self, fault_id: str) -> bool:
        """End an override; False when there is none of that id."""
        self._asked_ms = -1
        return self._overrides.pop(fault_id, None) is not None

    def overrides(self) -> dict[str, tuple[Fault, int]]:
        """The overrides that act, with the wall instant at which each one ends."""
        self.active()
        return {name: (acting.fault, ends) for name, (acting, ends) in self._overrides.items()}

    def fails(self, route: Route) -> bool:
        """Draw whether this request fails."""
        return any(self._hits(acting, Effect.FAIL, route) for acting in self.active())

    def delay_seconds(self, route: Route) -> float:
        """Draw how long this request sleeps before it is handled; 0 for most."""
        return sum(self._delay(acting) for acting in self.active() if self._hits(acting, Effect.DELAY, route))

    def query_delay_seconds(self) -> float:
        """Draw how long one query waits; 0 for most."""
        return sum(self._delay(acting) for acting in self.active() if self._hits(acting, Effect.SLOW_QUERIES, None))

    @property
    def refusing_uploads(self) -> bool:
        """Whether the object store refuses anything now."""
        return self._storage_is_down() or any(
            EFFECTS.get(acting.fault.kind) is Effect.REFUSE_UPLOADS for acting in self.active()
        )

    def refuses_upload(self) -> bool:
        """Draw whether the object store refuses this file; it takes none while it is down."""
        return self._storage_is_down() or any(
            self._hits(acting, Effect.REFUSE_UPLOADS, None) for acting in self.active()
        )

    def _storage_is_down(self) -> bool:
        elapsed = np.array([self._manifest.elapsed_ms(self._clock.now_ms())])
        return bool(is_down(self._manifest.profile, STORAGE, elapsed)[0])

    def refuses_payment(self) -> bool:
        """Draw whether the provider refuses this payment."""
        return any(self._hits(acting, Effect.REFUSE_PAYMENTS, None) for acting in self.active())

    def fails_event(self) -> bool:
        """Draw whether what a client asks for over its socket fails as a request would, of whatever route."""
        return any(
            acting.fault.target.route is None and self._hits(acting, Effect.FAIL, None) for acting in self.active()
        )

    def event_delay_seconds(self) -> float:
        """Draw how long an event waits before it is handled, as a request would; 0 for most."""
        return sum(
            self._delay(acting)
            for acting in self.active()
            if acting.fault.target.route is None and self._hits(acting, Effect.DELAY, None)
        )

    @property
    def cutting(self) -> bool:
        """Whether sockets are being cut."""
        return any(EFFECTS.get(acting.fault.kind) is Effect.CUT_SOCKETS for acting in self.active())

    def cuts(self, user_id: str) -> bool:
        """Whether a user's sockets are cut now. The same users are, for as long as a fault lasts: they try again and
        again, so a share drawn at each attempt would soon be none."""
        return any(
            zlib.crc32(f"{self._manifest.seed} {acting.fault.id} {user_id}".encode()) < acting.intensity * 2**32
            for acting in self.active()
            if EFFECTS.get(acting.fault.kind) is Effect.CUT_SOCKETS
        )

    def loses_message(self) -> bool:
        """Draw whether a message that was accepted reaches nobody."""
        return any(self._hits(acting, Effect.LOSE_MESSAGES, None) for acting in self.active())

    def neglected(self) -> float:
        """The share of arriving messages that the workers do not get to."""
        shares = [
            acting.intensity for acting in self.active() if EFFECTS.get(acting.fault.kind) is Effect.NEGLECT_MESSAGES
        ]
        return 1.0 - math.prod(1.0 - share for share in shares)

    def crowd(self) -> float:
        """The share of the SFU's free places that somebody else has taken."""
        crowds = [acting.intensity for acting in self.active() if EFFECTS.get(acting.fault.kind) is Effect.CROWD]
        return max(crowds, default=0.0)

    def by_hand(self, *effects: Effect) -> tuple[ActiveFault, ...]:
        """The overrides that act here and have one of these effects: what another process cannot know."""
        named = self.overrides()
        return tuple(
            acting
            for acting in self.active()
            if EFFECTS.get(acting.fault.kind) in effects and named.get(acting.fault.id, (None,))[0] is acting.fault
        )

    def is_down(self) -> bool:
        """Whether the port has to be closed."""
        return any(EFFECTS.get(acting.fault.kind) is Effect.CLOSE for acting in self.active())

    def database_state(self) -> str:
        """`healthy`, `degraded` or `timeout`, as a check of the database would find."""
        slow = [acting for acting in self.active() if EFFECTS.get(acting.fault.kind) is Effect.SLOW_QUERIES]
        if not slow:
            return "healthy"
        return "timeout" if max(acting.parameter("delay") for acting in slow) >= TIMEOUT_MS else "degraded"

    def _concerns(self, fault: Fault, now: int) -> bool:
        if EFFECTS.get(fault.kind) is Effect.CLOSE:
            alone = self._manifest.profile.model_copy(update={"faults": (fault,)})
            return bool(is_down(alone, self._instance, np.array([self._manifest.elapsed_ms(now)]))[0])
        media = EFFECTS.get(fault.kind) in (Effect.DISTURB_MEDIA, Effect.CROWD)
        return fault.target.instance in (None, self.sfu if media else self._instance)

    def _dated(self, fault: Fault, ends: int) -> Fault:
        """An override as if the profile had it: it begins when it was asked for."""
        return fault.model_copy(update={"at": self._manifest.elapsed_ms(ends) - fault.for_})

    def _hits(self, acting: ActiveFault, effect: Effect, route: Route | None) -> bool:
        if EFFECTS.get(acting.fault.kind) is not effect:
            return False
        if route is not None:
            named = acting.fault.target.route
            # /health and /metrics fail only where they are named: they are watched, not used
            if (named is not None and named != route.path) or (named is None and route.area == "root"):
                return False
        return bool(self._random.random() < acting.intensity)

    def _delay(self, acting: ActiveFault) -> float:
        median = acting.parameter("delay") / 1000
        return float(self._random.lognormal(math.log(median), SIGMA))


async def real_sleep(seconds: float) -> None:
    """Wait in real time; tests hand in a sleep that moves their clock instead."""
    await asyncio.sleep(seconds)
