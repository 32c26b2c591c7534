"""One integration of a receiver (`slack_configs[0]`), redirected to its stand-in.

Address and secrets are always written down at the integration, wherever the original had them (`global`, a file), so
that the copy needs nothing from `global` and every integration has an address of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ruamel.yaml.nodes import MappingNode, Node

from simulator.stack.alertmanager_fields import HOW_TO_SEND, Integration, needs
from simulator.stack.redirect_http import StandIns, check_url, clean_http_config, send_through_proxy
from simulator.stack.redirect_ledger import Ledger, fill_address, is_unfilled
from simulator.stack.redirect_tree import drop, entries, get, is_null, mapping, plain, put, string, text_of
from simulator.telemetry.observations import NotificationKind
from simulator.wire.notifications import (
    ALERTS_FIELD,
    ALERTS_HEADER,
    ALERTS_TEMPLATE,
    APP_SUFFIX,
    RECEIVER_HEADER,
    encode_segment,
    placeholder,
)

_GLOBAL_PREFIX = {"email_configs": "smtp"}
"""`slack_configs` takes `global.slack_<field>`, and so on; mail is the one whose prefix is another."""

_HAS_DEFAULT_URL = ("pagerduty", "opsgenie", "victorops", "wechat", "telegram", "webex", "rocketchat", "sns")
_SLASH_AT_END = ("opsgenie", "victorops", "wechat")

_CARRIERS = {
    # a templated field that people do not read (or, for Teams, one that is never cut), and its default
    "slack": ("callback_id", '{{ template "slack.default.callbackid" . }}'),
    "opsgenie": ("source", '{{ template "opsgenie.default.source" . }}'),
    "pushover": ("url_title", ""),
    "wechat": ("to_tag", '{{ template "wechat.default.to_tag" . }}'),
    "msteams": ("text", '{{ template "msteams.default.text" . }}'),
    "msteamsv2": ("text", '{{ template "msteamsv2.default.text" . }}'),
    "rocketchat": ("thumb_url", ""),
}
_CARRYING_MAPS = {
    # a map of templated fields
    "pagerduty": ("details",),
    "victorops": ("custom_fields",),
    "sns": ("attributes",),
    "jira": ("fields",),
}
_AUTH = ("username", "password", "password_file", "secret", "secret_file", "identity")
_CHAT_POST_MESSAGE = "https://slack.com/api/chat.postMessage"
_CARRY_ALL = ("webhook", "incidentio")


@dataclass(frozen=True)
class Redirection:
    """What became of an integration: `removed`, and why, or redirected; `companion` asks for a webhook beside it."""

    removed: str = ""
    companion: bool = False


class IntegrationRedirect:
    """Redirects the integrations of one file."""

    def __init__(self, stand_ins: StandIns, shared: MappingNode | None, ledger: Ledger) -> None:
        self._stand_ins = stand_ins
        self._shared = shared  # `global` of the original, untouched
        self._ledger = ledger

    def redirect(self, node: MappingNode, spec: Integration, receiver: str, index: int, path: str) -> Redirection:
        """Redirect in place. The caller takes the integration away when it was `removed`."""
        lacking = self._check_fields(node, spec, path)
        if lacking:
            return Redirection(removed=lacking)
        service = spec.key.removesuffix("_configs")
        clean_http_config(get(node, "http_config"), f"{path}.http_config", self._ledger)
        if spec.kind is NotificationKind.EMAIL:
            self._redirect_mail(node, receiver, path)
            return Redirection()
        proxied = self._is_proxied(node, spec)
        self._redirect_url(node, spec, service, receiver, index, path)
        for name in spec.secrets:
            self._replace_secret(node, name, service, path)
        if service == "sns":
            self._replace_sigv4(node, path)
        if service == "telegram":
            self._fill_chat(node, path)
        if proxied:
            config = get(self._shared, "http_config")
            done = send_through_proxy(node, config, self._stand_ins, receiver, index, path, self._ledger)
            if not done:
                why = "its address is fixed inside Alertmanager, and no proxy is up"
                self._ledger.change(node, path, f"removed: {why}")
                return Redirection(removed=why)
        return Redirection(companion=not self._carry_alerts(node, service))

    def _check_fields(self, node: MappingNode, spec: Integration, path: str) -> str:
        """What the Alertmanager in use lacks to send this as it is written; empty where it lacks nothing."""
        lacking = ""
        for key, value in entries(node):
            if key not in spec.fields:
                self._ledger.drop_unknown(node, key, f"{path}.{key}", tuple(spec.fields))
            elif key in spec.files and get(node, spec.files[key]) is not None:
                both = f"at most one of {spec.files[key]} and {key} may be configured"
                self._ledger.problem(value, f"{path}.{key}", both)
            elif key not in spec.files and self._ledger.is_too_new(spec.fields[key]) and key not in spec.secrets:
                self._ledger.change(value, f"{path}.{key}", self._ledger.left_out(spec.fields[key]))
                drop(node, key)
                if key not in HOW_TO_SEND:
                    lacking = lacking or needs(f"{spec.key}.{key}", spec.fields[key])
        return lacking

    def _original(self, node: MappingNode, spec_key: str, name: str) -> tuple[Node | None, str]:
        """Where a field's value comes from: own, own file, global, global file; and what tells it from others."""
        prefix = _GLOBAL_PREFIX.get(spec_key, spec_key.removesuffix("_configs"))
        places = (
            (node, name),
            (node, f"{name}_file"),
            (self._shared, f"{prefix}_{name}"),
            (self._shared, f"{prefix}_{name}_file"),
        )
        for home, key in places:
            found = get(home, key)
            if text_of(found):
                return found, f"{'file:' if key.endswith('_file') else ''}{text_of(found)}"
        return None, ""

    def _redirect_url(
        self, node: MappingNode, spec: Integration, service: str, receiver: str, index: int, path: str
    ) -> None:
        if not spec.url:
            return
        found, original = self._original(node, spec.key, spec.url)
        own = get(node, spec.url)
        check_url(own, f"{path}.{spec.url}", self._ledger)
        target = service
        if service == "slack":
            found, original, target = self._slack_address(node, found, original, path)
        drop(node, f"{spec.url}_file")
        if self._is_proxied(node, spec) and service == "slack":
            return  # updates of a message are allowed with this one address only, and go to another fixed one
        if found is None and service not in _HAS_DEFAULT_URL:
            return  # Alertmanager would refuse the original: it must refuse the copy
        number = self._ledger.number(f"{service} address", original)
        url = self._stand_ins.url(target, receiver, index, number)
        if service in _SLASH_AT_END:
            url += "/"
        if service == "jira":
            url += self._jira_rest(node, original)
        put(node, spec.url, string(url))
        self._ledger.change(own or found or node, f"{path}.{spec.url}", f"redirected (address #{number})")

    def _slack_address(
        self, node: MappingNode, found: Node | None, original: str, path: str
    ) -> tuple[Node | None, str, str]:
        """Incoming webhook, or an app's token with chat.postMessage; the rules are those of Alertmanager 0.30 on."""
        own_url = get(node, "api_url") or get(node, "api_url_file")
        own_token = get(node, "app_token") or get(node, "app_token_file")
        if own_url is not None and own_token is not None:
            self._ledger.problem(own_token, path, "at most one of api_url and app_token may be configured")
        token, token_text = self._original(node, "slack_configs", "app_token")
        by_app = token is not None and own_url is None
        by_app = by_app or (found is not None and original.rstrip("/").endswith("/api/chat.postMessage"))
        for key in ("app_url", "app_token", "app_token_file"):
            drop(node, key)
        if by_app:
            return token or found, token_text or original, f"slack{APP_SUFFIX}"
        return found, original, "slack"

    def _is_proxied(self, node: MappingNode, spec: Integration) -> bool:
        if spec.key == "pushover_configs":
            return True
        if spec.key == "pagerduty_configs":  # Events v1
            return bool(text_of(get(node, "service_key")) or text_of(get(node, "service_key_file")))
        updates = text_of(get(node, "update_message")) == "true" and text_of(get(node, "api_url")) == _CHAT_POST_MESSAGE
        return spec.key == "slack_configs" and updates

    def _replace_secret(self, node: MappingNode, name: str, service: str, path: str) -> None:
        found, original = self._original(node, f"{service}_configs", name)
        drop(node, f"{name}_file")
        if found is None or name == "app_token":
            return
        number = self._ledger.number(f"{service} {name}", original)
        put(node, name, string(placeholder(name, number)))
        self._ledger.change(found, f"{path}.{name}", f"replaced by placeholder #{number}")

    def _replace_sigv4(self, node: MappingNode, path: str) -> None:
        """Static placeholder credentials and nothing else: a profile or a role would ask other servers for them."""
        region = text_of(get(get(node, "sigv4"), "region"))
        number = self._ledger.number("sns access_key", text_of(get(get(node, "sigv4"), "access_key")))
        put(
            node,
            "sigv4",
            mapping(
                region=string("us-east-1" if not region or is_unfilled(region) else region),
                access_key=string(placeholder("access_key", number)),
                secret_key=string(placeholder("secret_key", number)),
            ),
        )
        self._ledger.change(node, f"{path}.sigv4", "credentials, profile and role replaced by placeholders")

    def _fill_chat(self, node: MappingNode, path: str) -> None:
        chat = get(node, "chat_id")
        unread = drop(node, "chat_id_file")
        if unread is not None or (chat is not None and is_unfilled(text_of(chat))):
            number = self._ledger.number("telegram chat", text_of(unread) or text_of(chat))
            put(node, "chat_id", plain(str(-number)))
            self._ledger.change(unread or chat, f"{path}.chat_id", f"not known here: chat {-number} stands in")

    def _jira_rest(self, node: MappingNode, original: str) -> str:
        """The path of Jira's API, which decides the format, and the transitions that its stand-in must offer."""
        try:
            rest = urlsplit(original).path.rstrip("/")
        except ValueError:
            rest = ""
        version = next((f"/rest/api/{number}" for number in "23" if rest.endswith(f"/{number}")), "")
        names = [text_of(get(node, key)) for key in ("reopen_transition", "resolve_transition")]
        query = "&".join(f"transition={quote(name, safe='')}" for name in names if name)
        return version + (f"?{query}" if query else "")

    def _redirect_mail(self, node: MappingNode, receiver: str, path: str) -> None:
        found, original = self._original(node, "email_configs", "smarthost")
        host, colon, port = original.rpartition(":")
        if found is not None and not is_unfilled(original) and not (host and colon and port):
            self._ledger.problem(found, f"{path}.smarthost", "not host:port, Alertmanager does not start with it")
        if found is not None:
            put(node, "smarthost", string(self._stand_ins.smtp))
            self._ledger.change(found, f"{path}.smarthost", "redirected, without TLS and without authentication")
        for key in ("tls_config", "force_implicit_tls", *(f"auth_{name}" for name in _AUTH)):
            drop(node, key)
        put(node, "require_tls", plain("false"))
        for key in ("to", "from"):
            found = get(node, key)
            filled = fill_address(found, f"{path}.{key}", self._ledger)
            if filled is not None:
                put(node, key, filled)
        headers = get(node, "headers")
        if not isinstance(headers, MappingNode):
            headers = mapping()
            put(node, "headers", headers)
        put(headers, RECEIVER_HEADER, string(encode_segment(receiver)))
        put(headers, ALERTS_HEADER, string(ALERTS_TEMPLATE.strip()))

    def _carry_alerts(self, node: MappingNode, service: str) -> bool:
        """Add the list of alerts where it is not seen; False where the integration has no such place."""
        if service in _CARRY_ALL:
            payload = get(node, "payload")
            if isinstance(payload, MappingNode):
                put(payload, ALERTS_FIELD, string(ALERTS_TEMPLATE))
            return payload is None or isinstance(payload, MappingNode)
        if service in _CARRIERS:
            field, default = _CARRIERS[service]
            found = get(node, field)
            put(node, field, string((default if is_null(found) else text_of(found)) + ALERTS_TEMPLATE))
            return True
        for field in _CARRYING_MAPS.get(service, ()):
            self._carry_in_map(node, field, ALERTS_FIELD)
        if service == "mattermost":
            props = get(node, "props")
            card = text_of(get(props, "card"))
            put(node, "props", mapping(card=string(card + ALERTS_TEMPLATE)))
        return service in _CARRYING_MAPS or service == "mattermost"

    def _carry_in_map(self, node: MappingNode, field: str, key: str) -> None:
        home = get(node, field)
        if not isinstance(home, MappingNode):
            home = mapping()
            put(node, field, home)
        put(home, key, string(ALERTS_TEMPLATE))
