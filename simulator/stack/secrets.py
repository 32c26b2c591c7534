"""Fields of a prometheus.yml that hold secrets, or the way to a real host: none of them may reach a copy."""

from __future__ import annotations

import re
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simulator.stack.redirect_tree import drop, entries, items, place, put, string, text_of

MASK: Final = "redacted"

# Every client section of https://prometheus.io/docs/prometheus/latest/configuration/configuration/
_CREDENTIALS: Final = (
    "basic_auth",
    "authorization",
    "oauth2",
    "bearer_token",
    "bearer_token_file",
    "tls_config",
    "sigv4",
    "azuread",
    "google_iam",
    "http_headers",
    "headers",
    "proxy_connect_header",
)
_PROXIES: Final = ("proxy_url", "no_proxy", "proxy_from_environment")
_SECRET_NAME: Final = re.compile(
    r"passw(or)?d|secret|token|credential|api_?key|access_?key|private_?key|signature|^key$|^auth|^sig$",
    re.IGNORECASE,
)
_USER_INFO: Final = re.compile(r"(?<=//)[^/@\s]+@")


def drop_client_settings(node: MappingNode) -> list[str]:
    """Remove credentials, TLS and proxies from a section that makes HTTP requests. Returns the names removed."""
    return [name for name in (*_CREDENTIALS, *_PROXIES) if drop(node, name) is not None]


def drop_secret_fields(node: Node) -> list[str]:
    """Remove every field of any depth whose name says that it is secret. Returns the names removed."""
    removed: list[str] = []
    if isinstance(node, SequenceNode):
        for item in items(node):
            removed += drop_secret_fields(item)
    if isinstance(node, MappingNode):
        for name, value in entries(node):
            if name in _CREDENTIALS or _SECRET_NAME.search(name):
                drop(node, name)
                removed.append(name)
            else:
                removed += drop_secret_fields(value)
    return removed


def mask_parameters(params: Node | None) -> list[str]:
    """Mask the values of URL parameters whose names say that they are secret. Returns those names."""
    masked = []
    for name, values in entries(params):
        if _SECRET_NAME.search(name) and isinstance(params, MappingNode) and isinstance(values, SequenceNode):
            put(params, name, SequenceNode(values.tag, [string(MASK) for _ in items(values)], flow_style=True))
            masked.append(name)
    return masked


def mask_relabelling(rules: Node | None) -> list[str]:
    """Mask what relabelling writes into a secret URL parameter (`__param_token`). Returns the labels concerned."""
    masked = []
    for rule in items(rules):
        label = text_of(dict(entries(rule)).get("target_label"))
        if isinstance(rule, MappingNode) and mask_value(label, "") == MASK:
            put(rule, "replacement", string(MASK))
            masked.append(label)
    return masked


def mask_value(label: str, value: str) -> str:
    """A target's label as it may be shown: a secret URL parameter (`__param_token`) is masked, and so are URLs."""
    if label.startswith("__param_") and _SECRET_NAME.search(label.removeprefix("__param_")):
        return MASK
    return mask_url(value)


def mask_url(text: str) -> str:
    """The text with `user:password@` of a URL in it masked."""
    return _USER_INFO.sub(f"{MASK}@", text)


def mask_user_info(node: Node) -> list[str]:
    """Mask the URLs of every scalar in this tree, regular expressions aside. Returns the places, as `line 12`."""
    masked = []
    if isinstance(node, MappingNode):
        for name, value in entries(node):
            masked += mask_user_info(value) if name != "regex" else []
    elif isinstance(node, SequenceNode):
        for item in items(node):
            masked += mask_user_info(item)
    elif isinstance(node, ScalarNode) and mask_url(node.value) != node.value:
        node.value = mask_url(node.value)
        masked.append(f"line {place(node)[0]}")
    return masked
