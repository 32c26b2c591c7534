"""`crybsim stack files`: what servers that somebody else starts need, such as containers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.options import AlertmanagerConfigOption, ProfileArgument, PrometheusConfigOption, RulesOption
from simulator.cli.run_manifest import manifest_for
from simulator.cli.stack.ports import HTTP_PORT, SMTP_PORT, HttpPortOption, SmtpPortOption
from simulator.cli.team import team_files
from simulator.profile.settings import load_settings
from simulator.rehearsal.elsewhere import Addresses, write_files
from simulator.streams.samples import ModelSamples

API_URL: Final = "http://127.0.0.1:3001"
PROMETHEUS_URL: Final = "http://127.0.0.1:9090"
ALERTMANAGER_URL: Final = "http://127.0.0.1:9093"
EMITTER_URL: Final = "http://127.0.0.1:9400"


def command(
    profile: ProfileArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write; older files are replaced.")],
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    prometheus_url: Annotated[str, typer.Option(metavar="URL")] = PROMETHEUS_URL,
    alertmanager_url: Annotated[str, typer.Option(metavar="URL")] = ALERTMANAGER_URL,
    api_url: Annotated[str, typer.Option(metavar="URL", help="Where crybsim api will listen.")] = API_URL,
    emitter_url: Annotated[str, typer.Option(metavar="URL", help="Where crybsim emit will listen.")] = EMITTER_URL,
    http_port: HttpPortOption = HTTP_PORT,
    smtp_port: SmtpPortOption = SMTP_PORT,
) -> None:
    """Write what servers that somebody else starts need: copies of your files, and a manifest that starts now.

    With these copies Prometheus scrapes the emitter, Alertmanager notifies the stand-in receivers, and nothing leaves
    the loopback that they all share. redirected.txt lists what the copies changed. docker-compose.sim.yml uses this.

    \b
    Examples:
      crybsim stack files api-errors --out stack
      crybsim emit --manifest stack/manifest.json --routes stack/routes.json --port 9400
      crybsim stack receivers
      prometheus --config.file=stack/prometheus.yml
    """
    manifest = manifest_for(profile, None, mode="live")
    addresses = Addresses(
        prometheus_url=prometheus_url,
        alertmanager_url=alertmanager_url,
        emitter_url=emitter_url,
        receivers_http_url=f"http://127.0.0.1:{http_port}",
        receivers_smtp=f"127.0.0.1:{smtp_port}",
        api_urls=(api_url,),
    )
    chosen = team_files(load_settings(), rules, prometheus_config, alertmanager_config)
    changes = write_files(out, manifest, chosen, addresses, ModelSamples(manifest))
    typer.echo(f"{out}: written; {len(changes)} changes to your files are listed in redirected.txt", err=True)
