"""`crybsim stack up`: Prometheus and Alertmanager on the team's files, with nothing judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

import typer

from simulator.cli.ending import Terminated, sigterm_ends_it
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    OutOption,
    PrometheusBinOption,
    PrometheusConfigOption,
    RulesOption,
)
from simulator.cli.run_manifest import manifest_for
from simulator.cli.stack.shown import say, show
from simulator.cli.stack.supervisor import start_supervisor
from simulator.cli.team import servers, team_files
from simulator.clock import WallClock
from simulator.profile.settings import load_settings
from simulator.rehearsal.live.standing_stack import StandingRequest, StandingUrls, stand
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.standing import StateFile
from simulator.telemetry.observations import NotificationReceived, Observation

DEFAULT_PROFILE: Final = "quiet-evening"


def command(
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
        show(start_supervisor(arguments, state))
        return
    settings = load_settings()
    manifest = manifest_for(profile, None, mode="emit")
    team = team_files(settings, rules, prometheus_config, alertmanager_config)
    programs = servers(settings, prometheus_bin, alertmanager_bin)
    clock = WallClock()
    standing = state.claim()
    try:
        with sigterm_ends_it():
            run = RunFolder.create("stack", clock.now_ms(), out)

            def ready(found: StandingUrls) -> None:
                up_now = replace(standing, folder=str(run.path), urls=found.urls)
                state.write(up_now)
                show(up_now)
                for told in found.not_evaluated:
                    say(told)
                say(f"{len(found.changes)} changes to your files: {run.configs / 'redirected.txt'}; Ctrl-C ends it")

            request = StandingRequest(manifest, run, team, programs, guide_ports)
            stand(request, clock, on_ready=ready, on_notification=_tell)
    except Terminated:
        return
    finally:
        state.release()


def _tell(observation: Observation) -> None:
    if isinstance(observation, NotificationReceived):
        names = ", ".join(sorted({alert.alert for alert in observation.alerts}))
        say(f"{observation.kind} {observation.destination}: {observation.status} {names}")
