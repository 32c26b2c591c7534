"""A team's alertmanager.yml for a rehearsal: everything as written, except where notifications go.

Routes, grouping, timings, inhibition, time intervals and templates stay. Every integration is redirected to the
stand-ins of `simulator.receivers`: by its URL field, else through a local proxy with a throwaway authority, else it is
removed, and nothing can be said about its receiver. No secret of the original reaches the copy or the list of changes.
docs/receivers.md tells users the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simulator.errors import InputError
from simulator.stack.alertmanager_fields import (
    GLOBAL_FIELDS,
    GLOBAL_KEPT,
    INTEGRATIONS,
    RECEIVER_FIELDS,
    SENDS_ELSEWHERE,
    TOP_LEVEL,
    needs,
)
from simulator.stack.redirect_http import StandIns, check_url, clean_http_config
from simulator.stack.redirect_integration import IntegrationRedirect
from simulator.stack.redirect_ledger import Ledger, UnknownField, fill_address
from simulator.stack.redirect_routes import check_routes, routes_to
from simulator.stack.redirect_templates import localize_templates
from simulator.stack.redirect_tree import (
    drop,
    entries,
    get,
    items,
    mapping,
    place,
    plain,
    put,
    read_document,
    string,
    text_of,
    twin,
    write_document,
)


@dataclass(frozen=True)
class Redirected:
    """The copy, and what a reader of the verdict must know about it.

    `removed_receivers` cannot be heard in full, and why: what is expected of them is inconclusive. `unknown` are fields
    that crybsim does not know, `lacking` is what the Alertmanager in use lacks for every route; `probe` is the copy
    with the unknown ones in it (but not their values), for Alertmanager to say whether it knows them. `lines` leads
    from a line of the copy to the original's. `missing_templates` are defined in no file here.
    """

    text: str
    changes: tuple[str, ...]
    removed_receivers: Mapping[str, str]
    unknown: tuple[UnknownField, ...] = ()
    probe: str = ""
    lines: Mapping[int, int] | None = None
    lacking: tuple[str, ...] = ()
    missing_templates: tuple[str, ...] = ()


def redirect(
    original: str,
    *,
    http_url: str,
    smtp: str,
    source: str,
    base_dir: Path,
    proxy_url: str | None = None,
    ca_file: Path | None = None,
    version: str | None = None,
) -> Redirected:
    """The copy of an alertmanager.yml that reaches nothing but the stand-ins.

    `smtp` is host:port; `source` names the file in messages; `base_dir` is the original's folder, from which relative
    template paths start; `version` is the Alertmanager that will read the copy: what it does not know yet is left out.
    Raises InputError with every mistake found.
    """
    root = read_document(original, source)
    shared = get(read_document(original, source), "global")
    ledger = Ledger(source, version)
    stand_ins = StandIns(http_url, smtp, proxy_url, ca_file)
    _check_top_level(root, ledger)
    check_routes(root, ledger)
    _redirect_global(root, stand_ins, ledger)
    integrations = IntegrationRedirect(stand_ins, shared if isinstance(shared, MappingNode) else None, ledger)
    for position, receiver in enumerate(items(get(root, "receivers"))):
        if isinstance(receiver, MappingNode):
            _redirect_receiver(receiver, f"receivers[{position}]", integrations, stand_ins, ledger)
    localize_templates(root, base_dir, ledger)
    for name in ledger.removed_receivers:
        for path, node in routes_to(get(root, "route"), name):
            ledger.change(node, path, f"inconclusive: its receiver {name!r} cannot be heard in full")
    if ledger.problems:
        raise InputError(*ledger.problems)
    text = write_document(root)
    lines = _lines(read_document(text, source), root)
    for home, key in ledger.unknown_homes:
        put(home, key, string("?"))
    return Redirected(
        text=text,
        changes=tuple(ledger.changes),
        removed_receivers=dict(ledger.removed_receivers),
        unknown=tuple(ledger.unknown),
        probe=write_document(root) if ledger.unknown_homes else "",
        lines=lines,
        lacking=tuple(ledger.lacking),
        missing_templates=tuple(ledger.missing_templates),
    )


def _check_top_level(root: MappingNode, ledger: Ledger) -> None:
    for key, node in entries(root):
        if key not in TOP_LEVEL:
            ledger.drop_unknown(root, key, key, tuple(TOP_LEVEL))
        elif key in SENDS_ELSEWHERE:
            drop(root, key)
            ledger.change(node, key, "removed: it sends to another server")
        elif ledger.is_too_new(TOP_LEVEL[key]):
            ledger.drop_too_new(root, key, key, TOP_LEVEL[key])


def _redirect_global(root: MappingNode, stand_ins: StandIns, ledger: Ledger) -> None:
    """Addresses and secrets of `global` go: each integration has got its own."""
    node = get(root, "global")
    if not isinstance(node, MappingNode):
        return
    _check_slack_defaults(node, ledger)
    for key, value in entries(node):
        path = f"global.{key}"
        if key not in GLOBAL_FIELDS:
            ledger.drop_unknown(node, key, path, tuple(GLOBAL_FIELDS))
        elif key == "smtp_smarthost":
            put(node, key, string(stand_ins.smtp))
        elif key == "smtp_from":
            filled = fill_address(value, path, ledger)
            if filled is not None:
                put(node, key, filled)
        elif key not in GLOBAL_KEPT:
            if key.endswith("_url"):
                check_url(value, path, ledger)
            if get(node, f"{key}_file") is not None:
                ledger.problem(value, path, f"at most one of {key} and {key}_file may be configured")
            drop(node, key)
            ledger.change(value, path, "moved to the receivers that use it, redirected or replaced there")
    put(node, "smtp_require_tls", plain("false"))
    clean_http_config(get(node, "http_config"), "global.http_config", ledger)


def _check_slack_defaults(node: MappingNode, ledger: Ledger) -> None:
    token = get(node, "slack_app_token") or get(node, "slack_app_token_file")
    address = get(node, "slack_api_url") or get(node, "slack_api_url_file")
    app_url = text_of(get(node, "slack_app_url")) or "https://slack.com/api/chat.postMessage"
    if token is not None and address is not None and text_of(address) != app_url:
        ledger.problem(token, "global", "at most one of slack_api_url and slack_app_token may be configured")


def _redirect_receiver(
    receiver: MappingNode, path: str, integrations: IntegrationRedirect, stand_ins: StandIns, ledger: Ledger
) -> None:
    name = text_of(get(receiver, "name"))
    for key, since in RECEIVER_FIELDS.items():
        if get(receiver, key) is not None and ledger.is_too_new(since):  # it may be about any of the integrations
            _leave_out(receiver, key, since, f"{path} {name}: {key}", ledger, name)
            receiver.value[:] = [pair for pair in receiver.value if text_of(pair[0]) not in INTEGRATIONS]
    companions: list[Node] = []
    for key, node in entries(receiver):
        spec = INTEGRATIONS.get(key)
        if spec is None:
            _check_receiver_field(receiver, key, f"{path} {name}: {key}", ledger, name)
            continue
        if ledger.is_too_new(spec.since):
            _leave_out(receiver, key, spec.since, f"{path} {name}: {key}", ledger, name)
            continue
        kept: list[Node] = []
        for index, integration in enumerate(items(node)):
            if not isinstance(integration, MappingNode):
                kept.append(integration)
                continue
            outcome = integrations.redirect(integration, spec, name, index, f"{path} {name}: {key}[{index}]")
            if outcome.removed:
                ledger.remove_receiver(name, outcome.removed)
                continue
            kept.append(integration)
            if outcome.companion:
                service = key.removesuffix("_configs")
                own = get(integration, "send_resolved")
                resolved = plain("true" if spec.sends_resolved else "false") if own is None else twin(own)
                url = string(stand_ins.companion_url(service, name, index))
                companions.append(mapping(url=url, send_resolved=resolved))
                ledger.change(integration, f"{path} {name}: {key}[{index}]", "a companion webhook lists its alerts")
        if isinstance(node, SequenceNode):
            node.value[:] = kept
    if companions:
        hooks = items(get(receiver, "webhook_configs"))
        put(receiver, "webhook_configs", SequenceNode("tag:yaml.org,2002:seq", [*hooks, *companions]))


def _check_receiver_field(receiver: MappingNode, key: str, path: str, ledger: Ledger, name: str) -> None:
    if key not in RECEIVER_FIELDS:
        ledger.drop_unknown(receiver, key, path, (*RECEIVER_FIELDS, *INTEGRATIONS))
        ledger.remove_receiver(name, f"crybsim does not know {key}")


def _leave_out(receiver: MappingNode, key: str, since: str, path: str, ledger: Ledger, name: str) -> None:
    """Leave a kind or field out that the Alertmanager in use lacks. The receiver stays: routes lead to it."""
    ledger.change(drop(receiver, key), path, ledger.left_out(since))
    ledger.remove_receiver(name, needs(key, since))


def _lines(copy: Node, written: Node) -> dict[int, int]:
    """Line of the copy -> line of the original, by walking the copy and what it was written from side by side."""
    lines: dict[int, int] = {}
    pairs = [(copy, written)]
    while pairs:
        here, there = pairs.pop()
        original = place(there)[0]
        if original and isinstance(here, ScalarNode):
            lines.setdefault(place(here)[0], original)
        if isinstance(here, MappingNode) and isinstance(there, MappingNode):
            for (key, value), (other_key, other_value) in zip(here.value, there.value, strict=True):
                pairs += [(value, other_value), (key, other_key)]
        if isinstance(here, SequenceNode) and isinstance(there, SequenceNode):
            pairs += list(zip(here.value, there.value, strict=True))
    return lines
