"""One scrape job of a prometheus.yml, pointed at the emitter: everything that shapes its series stays as written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.errors import InputError, Problem
from simulator.stack.discovery import Discovered, Target, replace_discovery, static_targets
from simulator.stack.redirect_tree import drop, get, items, mapping, place, put, string, text_of
from simulator.stack.secrets import drop_client_settings, mask_parameters, mask_relabelling
from simulator.telemetry.routes import TARGET_PARAMETER

_SEQ: Final = "tag:yaml.org,2002:seq"
_ADDRESS_WITHOUT_PORT: Final = r"https;([^:]+|\[[^\]]+\])"


HOW_TO_SCRAPE: Final = (
    "scrape_protocols", "fallback_scrape_protocol", "enable_compression", "keep_dropped_targets",
    "metric_name_validation_scheme", "metric_name_escaping_scheme", "scrape_native_histograms",
    "scrape_classic_histograms", "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb",
    "native_histogram_bucket_limit", "native_histogram_min_bucket_factor", "extra_scrape_metrics",
)  # fmt: skip
"""Fields of how samples come over the wire, many of them newer than the Prometheus that runs here: the emitter speaks
the text format, and has no native histograms."""


@dataclass(frozen=True)
class ScrapeJob:
    """What a job scrapes, as the team wrote it. `module` is the blackbox module it asks for, if any.

    `spare` are those of its targets that stand for instances which the platform may not have.
    """

    name: str
    targets: tuple[str, ...]
    metrics_path: str = "/metrics"
    module: str = ""
    spare: frozenset[str] = frozenset()


def redirect_job(
    node: MappingNode,
    *,
    source: str,
    folder: Path,
    given: Mapping[str, Sequence[Discovered]],
    default_ports: bool = True,
) -> tuple[ScrapeJob, list[str]]:
    """Change a job's node so that it goes through a proxy (`set_proxy`). Returns the job, and a line on each change.

    `default_ports`: this Prometheus (before 3.0) writes the scheme's port into an `instance` that names none.
    Raises InputError for a job without a name.
    """
    name = text_of(get(node, "job_name"))
    if not name:
        raise InputError(Problem(source, *place(node), "scrape_configs", "a job without job_name"))
    changes = []
    module = next((text_of(value) for value in items(get(get(node, "params"), "module"))), "")
    changes += [f"{removed} removed" for removed in drop_client_settings(node)]
    further = ("scrape_failure_log_file", *HOW_TO_SCRAPE)
    changes += [f"{name} removed" for name in further if drop(node, name) is not None]
    changes += [f"parameter {secret} masked" for secret in mask_parameters(get(node, "params"))]
    changes += [f"relabelling into {label} masked" for label in mask_relabelling(get(node, "relabel_configs"))]

    targets = static_targets(node)
    found = replace_discovery(node, job=name, folder=folder, given=given.get(name))
    targets, changes = (*targets, *found.targets), [*changes, *found.changes]
    put(node, "static_configs", _static_configs(targets))
    changes += _scrape_over_http(node, targets, default_ports)

    job = ScrapeJob(
        name=name,
        targets=tuple(target.address for target in targets),
        metrics_path=text_of(get(node, "metrics_path")) or "/metrics",
        module=module,
        spare=found.spare,
    )
    return job, [f"job {name!r}: {change}" for change in changes]


def set_proxy(node: MappingNode, emitter_url: str) -> None:
    """Scrape this job through the emitter, which learns the job's name from the proxy's user."""
    job = quote(text_of(get(node, "job_name")), safe="")
    put(node, "proxy_url", string(f"http://{job}@{urlsplit(emitter_url).netloc}"))


def leave_out(node: MappingNode, targets: Collection[tuple[str, str]]) -> None:
    """Do not scrape these targets (job, address as written) of a job that `redirect_job` has been through."""
    job = text_of(get(node, "job_name"))
    groups = [group for group in items(get(node, "static_configs")) if (job, _written(group)) not in targets]
    put(node, "static_configs", SequenceNode(_SEQ, groups))


def _written(group: Node) -> str:
    return next((text_of(address) for address in items(get(group, "targets"))), "")


def _static_configs(targets: tuple[Target, ...]) -> SequenceNode:
    """One group for each target: a URL parameter tells the emitter which one is meant, whatever relabelling does to
    the address. Labels that begin with `__` are gone once relabelling is over, so no series shows it."""
    groups: list[Node] = []
    for target in targets:
        labels = dict(target.labels) | {f"__param_{TARGET_PARAMETER}": target.address}
        addresses = SequenceNode(_SEQ, [string(target.address)], flow_style=True)
        groups.append(mapping(targets=addresses, labels=mapping(**{k: string(v) for k, v in labels.items()})))
    return SequenceNode(_SEQ, groups)


def _scrape_over_http(node: MappingNode, targets: tuple[Target, ...], default_ports: bool) -> list[str]:
    """https becomes http in the last relabelling step, so that the team's own steps still see the scheme as written."""
    by_label = any(name == "__scheme__" for target in targets for name, _ in target.labels)
    by_rule = any(
        text_of(get(rule, "target_label")) == "__scheme__" or text_of(get(rule, "action")) == "labelmap"
        for rule in items(get(node, "relabel_configs"))
    )
    if text_of(get(node, "scheme")) != "https" and not by_label and not by_rule:
        return []
    rules = list(items(get(node, "relabel_configs")))
    if default_ports:
        sources = SequenceNode(_SEQ, [string("__scheme__"), string("__address__")], flow_style=True)
        rules.append(
            mapping(
                source_labels=sources,
                regex=string(_ADDRESS_WITHOUT_PORT),
                target_label=string("__address__"),
                replacement=string("$1:443"),
            )
        )
    rules.append(mapping(target_label=string("__scheme__"), replacement=string("http")))
    put(node, "relabel_configs", SequenceNode(_SEQ, rules))
    return ["https becomes http on the way to the emitter (by a last relabelling step)"]
