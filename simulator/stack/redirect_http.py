"""Addresses and `http_config` of integrations: where a notification is sent, and with which credentials.

`http_config` keeps what shapes a request (`follow_redirects`, `enable_http2`) and that there is an `authorization`
(Webex refuses to be configured without one). Proxies, TLS, OAuth 2 (which asks a token server), headers and every
credential go: the way leads to loopback.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ruamel.yaml.nodes import MappingNode, Node

from simulator.stack.redirect_ledger import Ledger, is_unfilled
from simulator.stack.redirect_tree import drop, entries, get, mapping, put, string, text_of, twin
from simulator.wire.notifications import COMPANION, encode_segment, placeholder

_KEPT = ("follow_redirects", "enable_http2")
_CREDENTIALS = ("authorization", "basic_auth", "oauth2", "bearer_token", "bearer_token_file")
_REMOVED = ("tls_config", "proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header", "http_headers")


@dataclass(frozen=True)
class StandIns:
    """Where the stand-in receivers listen. `proxy_url` and `ca_file` come together; without them nothing is proxied."""

    http_url: str
    smtp: str
    proxy_url: str | None = None
    ca_file: Path | None = None

    def url(self, service: str, receiver: str, index: int, number: int) -> str:
        """The address of one integration: service, receiver, place in its list, number of the original address."""
        return f"{self.http_url.rstrip('/')}/{service}/{encode_segment(receiver)}/{index}/{number}"

    def companion_url(self, service: str, receiver: str, index: int) -> str:
        """The address of the companion of one integration."""
        return f"{self.http_url.rstrip('/')}/{COMPANION}/{service}/{encode_segment(receiver)}/{index}"


def clean_http_config(node: Node | None, path: str, ledger: Ledger) -> None:
    """Strip an `http_config` of every address and secret, in place."""
    if not isinstance(node, MappingNode):
        return
    given = [key for key, _ in entries(node) if key in _CREDENTIALS]
    if len(given) > 1:
        ledger.problem(node, path, f"at most one of {', '.join(given)} may be configured")
    for key, value in entries(node):
        if key in _KEPT:
            continue
        if key in ("authorization", "bearer_token", "bearer_token_file"):
            drop(node, key)
            scheme = text_of(get(value, "type")) or "Bearer"
            credentials = string(placeholder("authorization", ledger.number("authorization", repr(value))))
            put(node, "authorization", mapping(type=string(scheme), credentials=credentials))
            ledger.change(value, f"{path}.{key}", "credentials replaced by a placeholder")
        elif key in _CREDENTIALS or key in _REMOVED:
            drop(node, key)
            ledger.change(value, f"{path}.{key}", "removed")
        else:
            ledger.drop_unknown(node, key, f"{path}.{key}", (*_KEPT, *_CREDENTIALS, *_REMOVED))


def send_through_proxy(
    node: MappingNode, shared: Node | None, stand_ins: StandIns, receiver: str, index: int, path: str, ledger: Ledger
) -> bool:
    """Send an integration whose address is fixed inside Alertmanager through our proxy; False where there is none.

    An own `http_config` replaces the global one as a whole, so what shapes a request is copied from there.
    """
    if stand_ins.proxy_url is None or stand_ins.ca_file is None:
        return False
    config = get(node, "http_config")
    if not isinstance(config, MappingNode):
        config = mapping(**{key: twin(value) for key, value in entries(shared) if key in _KEPT})
        put(node, "http_config", config)
    user = f"{encode_segment(receiver)}:{index}"
    scheme, _, rest = stand_ins.proxy_url.rstrip("/").partition("://")
    put(config, "proxy_url", string(f"{scheme}://{user}@{rest}"))
    put(config, "tls_config", mapping(ca_file=string(str(stand_ins.ca_file))))
    ledger.change(node, path, "its address is fixed inside Alertmanager: sent through the local proxy")
    return True


def check_url(node: Node | None, path: str, ledger: Ledger) -> None:
    """Note the mistake that Alertmanager would not start with, which a redirected address would hide."""
    text = text_of(node)
    if node is None or not text or is_unfilled(text):
        return
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        ledger.problem(
            node,
            path,
            "not a URL, Alertmanager does not start with it; write https://… "
            "(or ${NAME} where the deployment fills it in)",
        )
