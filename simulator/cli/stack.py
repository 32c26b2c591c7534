"""`crybsim stack`: a local Prometheus and Alertmanager on the team's files, with nothing judged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from types import FrameType
from typing import Annotated, Final

import httpx
import typer

from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    JsonOption,
    OutOption,
    PrometheusBinOption,
    PrometheusConfigOption,
    RulesOption,
)
from simulator.cli.run_manifest import manifest_for
from simulator.cli.stack_elsewhere import files, receivers
from simulator.cli.team import servers, team_files
from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError, SimulatorError
from simulator.profile.settings import load_settings
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.standing_stack import NOTIFICATIONS_FILE, StandingRequest, StandingUrls, stand
from simulator.stack.standing import STATE_FILE, Standing, StateFile
from simulator.telemetry.observations import NotificationReceived, Observation
from simulator.transport import http_client

DEFAULT_PROFILE: Final = "quiet-evening"
_READY_WITHIN_SECONDS: Final = 100.0
_READY_PATHS: Final = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "emitter": "/"}

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="The local Prometheus and Alertmanager.")
app.command()(files)
app.command()(receivers)


@app.command()
def up(
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="What the platform does that the emitter stands in for.")
    ] = DEFAULT_PROFILE,
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    prometheus_bin: PrometheusBinOption = None,
    alertmanager_bin: AlertmanagerBinOption = None,
    guide_ports: Annotated[
        bool, typer.Option("--guide-ports", help="Prometheus on 9090 and Alertmanager on 9093, not on free ports.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is up; `stack down` ends it.")] = False,
    out: OutOption = None,
) -> None:
    """Bring up Prometheus and Alertmanager on copies of your files, with a platform to scrape and receivers to notify.

    Your prometheus.yml, rules and alertmanager.yml (flags, else crybsim.yaml, else the reference ones) run unchanged
    but for the way to targets and receivers. Nothing leaves this machine. Ctrl-C ends everything.

    \b
    Examples:
      crybsim stack up
      crybsim stack up api-errors --guide-ports
      crybsim stack up --prometheus-config prometheus.yml --alertmanager-config alertmanager.yml --detach
    """
    state = StateFile()
    if detach:
        flags = {
            "--rules": rules,
            "--prometheus-config": prometheus_config,
            "--alertmanager-config": alertmanager_config,
            "--prometheus-bin": prometheus_bin,
            "--alertmanager-bin": alertmanager_bin,
            "--out": out,
        }
        arguments = [profile, *(["--guide-ports"] if guide_ports else [])]
        for flag, value in flags.items():
            for item in value if isinstance(value, list) else [value] if value is not None else []:
                arguments += [flag, str(item)]
        _show(_start_supervisor(arguments, state))
        return
    settings = load_settings()
    manifest = manifest_for(profile, None, mode="emit")
    team = team_files(settings, rules, prometheus_config, alertmanager_config)
    programs = servers(settings, prometheus_bin, alertmanager_bin)
    clock = WallClock()
    standing = state.claim()
    try:
        with _sigterm_ends_it():
            run = RunFolder.create("stack", clock.now_ms(), out)

            def ready(found: StandingUrls) -> None:
                up_now = replace(standing, folder=str(run.path), urls=found.urls)
                state.write(up_now)
                _show(up_now)
                _say(f"{len(found.changes)} changes to your files: {run.configs / 'redirected.txt'}; Ctrl-C ends it")

            request = StandingRequest(manifest, run, team, programs, guide_ports)
            stand(request, clock, on_ready=ready, on_notification=_tell)
    except _Terminated:
        return
    finally:
        state.release()


@app.command()
def down() -> None:
    """End the stack that `stack up` started in this folder.

    \b
    Example:
      crybsim stack down
    """
    standing = StateFile().read()
    if standing is None:
        _say("no stack is up here")
    else:
        standing.stop()
        _say(f"ended (pid {standing.pid}); its data stays in {standing.folder or 'its run folder'}")
    StateFile().release()


@app.command()
def status(as_json: JsonOption = False) -> int:
    """Say whether the stack of this folder is up, and where. Exit code 1 when it is not.

    \b
    Examples:
      crybsim stack status
      crybsim stack status --json
    """
    standing = StateFile().read()
    urls = standing.urls if standing else {}
    answering = {name: _answers(name, url) for name, url in urls.items() if name in _READY_PATHS}
    is_up = bool(answering) and all(answering.values())
    if as_json:
        typer.echo(json.dumps({"up": is_up, "answering": answering, "stack": asdict(standing) if standing else None}))
    elif standing is None:
        _say("no stack is up here")
    elif not standing.is_ready:
        _say(f"starting (pid {standing.pid})")
    else:
        _show(standing)
        for name in (name for name, answers in answering.items() if not answers):
            _say(f"{name} does not answer; see {standing.folder}/logs")
    return ExitCode.PASS if is_up else ExitCode.FAIL


class _Terminated(BaseException):
    """SIGTERM came: an orderly end, as by `stack down`."""


@contextmanager
def _sigterm_ends_it() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; the end must not be interrupted
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start_supervisor(arguments: list[str], state: StateFile) -> Standing:
    """The same command in a session of its own; returns once it is up. Raises what it said where it did not get up."""
    running = state.read()
    if running is not None:
        raise InputError(f"a stack is up already (pid {running.pid}); crybsim stack down ends it")
    log = STATE_FILE.with_name("stack.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "simulator", "stack", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while supervisor.poll() is None and time.monotonic() < deadline:
        standing = state.read()
        if standing is not None and standing.pid == supervisor.pid and standing.is_ready:
            supervisor.returncode = 0  # it lives on: nobody waits for it here
            return standing
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    if supervisor.poll() == ExitCode.USAGE:
        raise InputError(*said.replace("crybsim: error: ", "").splitlines())
    if supervisor.poll() is None:
        supervisor.terminate()
        supervisor.wait()
        raise SimulatorError(f"the stack was not up within {_READY_WITHIN_SECONDS:g} s; see {log}")
    raise SimulatorError(f"the stack did not come up: {said or log}")


def _answers(name: str, url: str) -> bool:
    try:
        with http_client(url, timeout=2.0) as client:
            return client.get(url + _READY_PATHS[name]).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _tell(observation: Observation) -> None:
    if isinstance(observation, NotificationReceived):
        names = ", ".join(sorted({alert.alert for alert in observation.alerts}))
        _say(f"{observation.kind} {observation.destination}: {observation.status} {names}")


def _show(standing: Standing) -> None:
    for name, url in standing.urls.items():
        _say(f"{name:<12}  {url}")
    _say(f"{'notified':<12}  {standing.folder}/{NOTIFICATIONS_FILE}")


def _say(text: str) -> None:
    typer.echo(text, err=True)
