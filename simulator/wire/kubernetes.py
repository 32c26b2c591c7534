"""Rules, routes and dashboards that lie inside Kubernetes manifests.

A PrometheusRule of the Prometheus Operator has a rule file's content under `spec`
(https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule); ConfigMaps and
Secrets carry whole files under `data` (https://kubernetes.io/docs/concepts/configuration/configmap/). One file may hold
several manifests.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_MANIFEST: Final = re.compile(r"^\ufeff?\s*(?:[{\"]*)kind[\"]?:\s*\"?\w", re.MULTILINE)
_VERSIONED: Final = re.compile(r"apiVersion[\"]?:")
_HELM: Final = re.compile(r"\{\{-|\{\{\s*(?:\.Values|\.Release|include|template|toYaml|range|if)\b")


class Carried(StrEnum):
    """What a file inside of a manifest is."""

    RULES = "rules"
    ALERTMANAGER = "alertmanager"
    PROMETHEUS = "prometheus"
    DASHBOARD = "dashboards"


@dataclass(frozen=True)
class CarriedFile:
    """One file of a manifest. `name` is the key it lies under, or the manifest's name."""

    kind: Carried
    name: str
    text: str


def is_manifest(text: str) -> bool:
    """Whether a file's text is one or several Kubernetes manifests."""
    return bool(_MANIFEST.search(text) and _VERSIONED.search(text))


def is_helm_template(text: str) -> bool:
    """Whether a manifest has to be rendered (`helm template`) before it is YAML."""
    return bool(_HELM.search(text))


def carried_files(text: str) -> tuple[CarriedFile, ...]:
    """Everything that a monitoring stack reads of these manifests. Raises ValueError where they are no YAML."""
    try:
        documents = list(YAML(typ="safe", pure=True).load_all(text))
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return tuple(file for document in documents for file in _of_manifest(document))


def _of_manifest(document: Any) -> Iterator[CarriedFile]:
    if not isinstance(document, dict):
        return
    kind = str(document.get("kind", ""))
    metadata = document.get("metadata")
    name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
    if kind.endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _of_manifest(item)
    elif kind == "PrometheusRule":
        spec = document.get("spec")
        groups = spec.get("groups") if isinstance(spec, dict) else None
        if isinstance(groups, list):
            yield CarriedFile(Carried.RULES, name, _written({"groups": groups}))
    elif kind in ("ConfigMap", "Secret"):
        for key, content in _data(document, kind):
            carried = _kind_of(key, content)
            if carried is not None:
                yield CarriedFile(carried, key, content)


def _data(document: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for field in ("data", "stringData"):
        values = document.get(field)
        for key, value in values.items() if isinstance(values, dict) else ():
            if not isinstance(value, str):
                continue
            if kind == "Secret" and field == "data":
                try:
                    value = base64.b64decode(value, validate=True).decode()
                except (binascii.Error, ValueError):
                    continue
            yield str(key), value


def _kind_of(key: str, text: str) -> Carried | None:
    if key.endswith(".json"):
        try:
            content = json.loads(text)
        except ValueError:
            return None
        return Carried.DASHBOARD if isinstance(content, dict) and {"panels", "rows"} & set(content) else None
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("groups"), list):
        return Carried.RULES
    if "route" in content and "receivers" in content:
        return Carried.ALERTMANAGER
    return Carried.PROMETHEUS if "scrape_configs" in content else None


def _written(content: dict[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 1_000_000
    out = io.StringIO()
    yaml.dump(content, out)
    return out.getvalue()
