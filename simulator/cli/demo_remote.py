"""The part of `crybsim demo` that goes into a stack that runs: history, live, and after a restart the gap between."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import httpx
import typer

from simulator.cli import backfill, emit
from simulator.cli.loki import Target
from simulator.cli.panels_view import tell_panels
from simulator.cli.remote_write import chosen_endpoint, spool_folder
from simulator.clock import Clock, WallClock, rfc3339
from simulator.engine.panels import read_dashboard
from simulator.errors import InputError, UnobservedError
from simulator.observers import PrometheusApi
from simulator.profile.incidents import Staged
from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.overlay import OverlayFile
from simulator.rehearsal.dashboards.checking import catalogued_names, look_at
from simulator.rehearsal.remote.live import MOST_TO_MAKE_UP_FOR_MS, Begun
from simulator.rehearsal.remote.preflight import check_receiver
from simulator.sinks.remote_write.endpoint import PROMETHEUS_PATH
from simulator.sinks.remote_write.folder import held
from simulator.sinks.remote_write.spool import NEVER_MS, Spool
from simulator.transport import http_client
from simulator.units import MINUTE, SECOND

_MEMORY: Final = "demo.json"
_SMALLEST_GAP_MS: Final = 20 * SECOND
_MOST_ROUNDS: Final = 6
_MARGIN_MS: Final = 5 * MINUTE
_QUERY_SECONDS: Final = 300.0
_SPOOL_BYTES: Final = 1024 * 1024


@dataclass
class _Memory:
    """What a folder's demo is: so that one that is started again goes on with the same platform. `from_ms` is where
    its past begins, `filled_ms` up to where all of it was sent, history and live; 0: not even the history. `filling_ms`
    is up to where it was being sent when this was noted down."""

    request: str
    manifest: Path
    from_ms: int
    filled_ms: int = 0
    filling_ms: int = 0

    @classmethod
    def read(cls, folder: Path, request: str) -> Self | None:
        """The folder's, if it is of the same request."""
        try:
            found = json.loads((folder / _MEMORY).read_bytes())
            times = (int(found[name]) for name in ("from_ms", "filled_ms", "filling_ms"))
            memory = cls(str(found["request"]), Path(found["manifest"]), *times)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return memory if memory.request == request and memory.manifest.is_file() else None

    def write(self, folder: Path) -> None:
        """Whole or not at all. Raises InputError."""
        draft = folder / f"{_MEMORY}.new"
        try:
            draft.write_text(json.dumps(asdict(self) | {"manifest": str(self.manifest)}), encoding="utf-8")
            draft.replace(folder / _MEMORY)
        except OSError as error:
            raise InputError(f"{folder}: cannot write there: {error.strerror}") from error


@dataclass(frozen=True)
class RemoteDemo:
    """What is to be shown, and where it goes. `shown` are the dashboards' files."""

    staged: Staged
    profile_path: str
    overlays: tuple[OverlayFile, ...]
    past_ms: int
    remote_write: str
    loki: str | None
    labels: list[str]
    shown: Sequence[Path]

    def run(self, *, thinned: bool, dry_run: bool, as_json: bool, quiet: bool) -> None:
        """Until Ctrl-C. Raises what `backfill` and `emit` raise."""
        clock = WallClock()
        receiver = chosen_endpoint(self.remote_write)
        folder = spool_folder(None, receiver, "demo", None)
        with held(folder, flag="--remote-write"):
            memory = _Memory.read(folder, self._request(thinned))
            if memory is not None:
                _say(f"goes on with the demo that began at {rfc3339(memory.from_ms + self.past_ms)}")
            elif dry_run:
                with TemporaryDirectory(prefix="crybsim-demo-") as place:
                    self._tell_plan(self._begun(Path(place), thinned, clock.now_ms()), clock, thinned=thinned)
                return
            else:
                memory = self._begun(folder, thinned, clock.now_ms())
            if dry_run:
                self._tell_plan(memory, clock, thinned=thinned)
                return
            self._catch_up(memory, folder, clock, thinned=thinned, quiet=quiet)
            self._look(Manifest.read(memory.manifest), clock, as_json=as_json)
            self._catch_up(memory, folder, clock, thinned=thinned, quiet=quiet)
            named = ", ".join(self.labels)
            _say(f"the past is there; live into {self.remote_write} from now on, labelled {named}; Ctrl-C ends it")
            emit.command(
                manifest=memory.manifest,
                remote_write=self.remote_write,
                loki=self.loki,
                since=rfc3339(memory.filled_ms),
                label=self.labels,
                quiet=quiet,
            )

    def _request(self, thinned: bool) -> str:
        """The same for the same demo, whenever it began."""
        profile = self.staged.profile
        overlays = [overlay.sha256 for overlay in self.overlays]
        what = (profile_hash(profile), overlays, self.past_ms, self.labels, self.loki, thinned)
        return hashlib.sha256(repr(what).encode()).hexdigest()

    def _tell_plan(self, memory: _Memory, clock: Clock, *, thinned: bool) -> None:
        """What would be sent of the past."""
        to_ms = clock.now_ms() if memory.filled_ms else memory.from_ms + self.past_ms
        self._fill(memory, memory.filled_ms or memory.from_ms, to_ms, thinned=thinned, quiet=False, dry_run=True)

    def _begun(self, folder: Path, thinned: bool, now_ms: int) -> _Memory:
        """A new demo, whose past ends now."""
        profile = self.staged.profile
        manifest = Manifest(
            run_id=f"{profile.name}-{secrets.token_hex(4)}",
            mode="emit",
            profile=profile,
            profile_path=self.profile_path,
            seed=profile.seed,
            started_ms=now_ms - self.staged.lead_ms,
            overlays=self.overlays,
        )
        path = folder / f"{manifest.run_id}.json"
        for old in folder.glob(f"*-{'[0-9a-f]' * 8}.json"):
            old.unlink()
        manifest.write(path)
        memory = _Memory(self._request(thinned), path, now_ms - self.past_ms)
        memory.write(folder)
        return memory

    def _catch_up(self, memory: _Memory, folder: Path, clock: Clock, *, thinned: bool, quiet: bool) -> None:
        """Send what is missing up to now: all of the past, or what was missed while nothing ran. It takes its time, and
        then that is missing; so again, until next to nothing is."""
        live_until_ms, goes_on = self._live(memory, clock.now_ms())
        memory.filled_ms = max(memory.filled_ms, live_until_ms)
        for _ in range(_MOST_ROUNDS):
            begin_ms = memory.filled_ms or memory.from_ms
            now_ms = memory.filling_ms or clock.now_ms()
            if now_ms - begin_ms < _SMALLEST_GAP_MS:
                return
            memory.filling_ms = now_ms
            memory.write(folder)
            self._fill(memory, begin_ms, now_ms, metrics=not goes_on, thinned=thinned, quiet=quiet)
            memory.filled_ms, memory.filling_ms = now_ms, 0
            memory.write(folder)

    def _fill(
        self,
        memory: _Memory,
        from_ms: int,
        to_ms: int,
        *,
        metrics: bool = True,
        thinned: bool,
        quiet: bool,
        dry_run: bool = False,
    ) -> None:
        """Send a stretch. Without `metrics`, its log lines alone: `emit` makes up for the samples."""
        if not metrics and self.loki is None:
            return
        if metrics:
            with self._prometheus() as client:
                check_receiver(PrometheusApi(client), from_ms, to_ms)
        backfill.command(
            manifest=memory.manifest,
            remote_write=self.remote_write if metrics else None,
            loki=self.loki,
            begin=rfc3339(from_ms),
            end=rfc3339(to_ms),
            resolution=None if thinned else "0",
            label=self.labels,
            dry_run=dry_run,
            quiet=quiet,
        )

    def _live(self, memory: _Memory, now_ms: int) -> tuple[int, bool]:
        """Up to when this demo's live samples were made, and whether `emit` will make up for those since."""
        folder = spool_folder(None, chosen_endpoint(self.remote_write), "emit", None)
        begun = Begun.remembered(folder)
        if begun is None or begun.run.run_id != Manifest.read(memory.manifest).run_id:
            return 0, False
        with held(folder, flag="--remote-write"):
            spool = Spool(folder, _SPOOL_BYTES)
            newest_ms = spool.newest_ms
            spool.close()
        if newest_ms == NEVER_MS:
            return 0, False
        return newest_ms, not begun.ended and now_ms - newest_ms < MOST_TO_MAKE_UP_FOR_MS - _MARGIN_MS

    def _look(self, manifest: Manifest, clock: Clock, *, as_json: bool) -> None:
        """Which panels have data, where the receiver of the samples answers queries as a Prometheus does."""
        with ExitStack() as clients:
            prometheus = clients.enter_context(self._prometheus())
            loki = None
            if self.loki is not None:
                loki = clients.enter_context(Target.chosen(self.loki, "protobuf", "", None).endpoint.client())
            dashboards = [read_dashboard(path) for path in self.shown]
            names = catalogued_names(manifest)
            try:
                seen = list(look_at(dashboards, clock.now_ms(), prometheus=prometheus, loki=loki, catalogued=names))
            except UnobservedError as error:
                _say(f"panels were not looked at: {error}")
                return
        tell_panels(seen, as_json=as_json)

    def _prometheus(self) -> httpx.Client:
        """A client of the receiver for questions, if it is a Prometheus."""
        receiver = chosen_endpoint(self.remote_write)
        headers = {"Authorization": receiver.authorization} if receiver.authorization else None
        base = receiver.url.removesuffix(PROMETHEUS_PATH)
        return http_client(base, allowed=receiver.allowed, headers=headers, timeout=_QUERY_SECONDS)


def _say(text: str) -> None:
    typer.echo(text, err=True)
