"""The API's own metrics: what this process truly did, by prometheus-client, in a registry of its own.

Names, labels and buckets are the contract's section 5. Like a Node API with a prom-client middleware, it counts every
request except those to `/metrics` itself; `/health` counts. Sizes are those of bodies, before compression.
`http_requests_in_flight` has no name in the contract; this one is ours.

Labels take only values of closed sets: a pattern for the path, a seeded community's name or `other`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from simulator.api.counted import ModerationMetrics, PaymentMetrics, UploadMetrics
from simulator.api.sockets.metrics import RealtimeMetrics
from simulator.api.voice.metrics import VoiceMetrics
from simulator.catalog.content import MODERATION_LOAD
from simulator.catalog.messaging import LOAD as REALTIME_LOAD
from simulator.catalog.reshaped import Shape
from simulator.catalog.revenue import PAYMENTS_LOAD
from simulator.catalog.uploads import UPLOADS_LOAD
from simulator.catalog.voice import LOAD as VOICE_LOAD
from simulator.wire.reshaped import reshaped

_DURATION: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZE: Final = (1, 100, 1e3, 1e4, 1e5, 1e6)
_QUERY: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_MESSAGE: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2)
_SEARCH: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_RESULTS: Final = (0, 1, 5, 10, 25, 50, 100, 500, 1000)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
SLOW_QUERY_SECONDS: Final = 1.0

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

Extra = Callable[[int], bytes]
"""Further families in text format, for a wall instant (ms): the model's, of the same job."""

W = TypeVar("W", bound=MetricWrapperBase)


class ApiMetrics:
    """Every family that the API causes. Counting is by method, so that no handler spells a label."""

    def __init__(
        self,
        extra: Extra | None = None,
        shapes: Mapping[str, Shape | None] | None = None,
        *,
        drives: Collection[str] = (),
    ) -> None:
        """`shapes` are those that overlays give to families of these names; `extra` is in shape already.

        `drives` is what the run's load does (`Load.drives`): what only one scenario or journey would move is exposed
        where that one runs, else `extra` has it (`Family.owned_by_api`).
        """
        self._shapes = shapes or {}
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Node's client has no `_created` samples
        self.registry = CollectorRegistry()
        self._extra = extra
        self._children: dict[tuple[int, tuple[str, ...]], MetricWrapperBase] = {}

        requests = ("method", "route", "code")
        self._requests = self._counter("http_requests_total", "HTTP requests", requests)
        self._duration = self._histogram("http_request_duration_seconds", "HTTP latency", requests, _DURATION)
        self._request_size = self._histogram("http_request_size_bytes", "HTTP request bodies", requests[:2], _SIZE)
        self._response_size = self._histogram("http_response_size_bytes", "HTTP response bodies", requests, _SIZE)
        self.in_flight = Gauge("http_requests_in_flight", "HTTP requests being handled", registry=self.registry)
        self._calls = self._counter("cryb_api_calls_total", "API calls", ("endpoint", "version"))
        self._errors = self._counter("cryb_errors_total", "Errors", ("level", "service", "error_type"))

        self._messages = self._counter("cryb_messages_total", "Messages sent", ("channel_type", "message_type"))
        self._messages_failed = self._counter(
            "cryb_messages_failed_total", "Messages that could not be sent", ("channel_type", "reason")
        )
        self._message_latency = self._histogram(
            "cryb_message_latency_seconds", "Time to deliver a message", ("channel_type", "message_type"), _MESSAGE
        )
        self._auth_attempts = self._counter("cryb_auth_attempts_total", "Authentication attempts", ("method",))
        self._auth_failures = self._counter(
            "cryb_auth_failures_total", "Failed authentication attempts", ("method", "reason")
        )
        self._sessions = self._counter("cryb_sessions_created_total", "Sessions", ("platform", "auth_method"))
        self._registrations = self._counter("cryb_user_registrations_total", "Registrations", ("source",))
        self._posts = self._counter("cryb_posts_created_total", "Posts", ("community", "type"))
        self._comments = self._counter("cryb_comments_created_total", "Comments", ("community", "type"))
        self._reactions = self._counter("cryb_reactions_created_total", "Reactions", ("type", "content_type"))
        self._server_memberships = self._counter("cryb_server_memberships_total", "Server joins, leaves", ("action",))
        self._community_memberships = self._counter(
            "cryb_community_memberships_total", "Community joins and leaves", ("action",)
        )
        self._communities = self._counter("cryb_communities_created_total", "Communities", ("type", "creator_tier"))
        self._notifications = self._counter("cryb_notifications_sent_total", "Notifications", ("type", "channel"))

        self._searches = self._counter("cryb_search_queries_total", "Searches", ("type",))
        self._search_duration = self._histogram("cryb_search_duration_seconds", "Search latency", ("type",), _SEARCH)
        self._search_results = self._histogram(
            "cryb_search_results_count", "Results of a search", ("type", "query_type"), _RESULTS
        )
        self._queries = self._counter("cryb_db_queries_total", "Database queries", ("operation", "table"))
        self._query_duration = self._histogram(
            "cryb_db_query_duration_seconds", "Database query latency", ("operation", "table"), _QUERY
        )
        self._slow_queries = self._counter(
            "cryb_db_slow_queries_total", "Database queries over one second", ("operation", "table")
        )
        self._cache_hits = self._counter("cryb_cache_hits_total", "Cache hits", ("cache_type",))
        self._cache_misses = self._counter("cryb_cache_misses_total", "Cache misses", ("cache_type",))

        def shown(load: str) -> CollectorRegistry:
            return self.registry if load in drives else CollectorRegistry()

        self.realtime = RealtimeMetrics(shown(REALTIME_LOAD), self._shapes)
        self.voice = VoiceMetrics(shown(VOICE_LOAD), self._shapes)
        self.uploads = UploadMetrics(shown(UPLOADS_LOAD), self._shapes)
        self.moderation = ModerationMetrics(shown(MODERATION_LOAD))
        self.payments = PaymentMetrics(shown(PAYMENTS_LOAD))

    def request(self, method: str, route: str, code: int, seconds: float, received: int, sent: int) -> None:
        """One request was answered."""
        method = method if method in _METHODS else "OTHER"
        labels = (method, route, str(code))
        self._at(self._requests, *labels).inc()
        self._at(self._duration, *labels).observe(seconds)
        self._at(self._request_size, *labels[:2]).observe(received)
        self._at(self._response_size, *labels).observe(sent)
        if route.startswith("/api/v1/"):
            self._at(self._calls, route, "v1").inc()

    def error(self, error_type: str) -> None:
        """The API answered 500."""
        self._at(self._errors, "error", "api", error_type).inc()

    def message_accepted(self, channel_type: str) -> None:
        """A message was accepted."""
        self._at(self._messages, channel_type, "user").inc()

    def message_delivered(self, channel_type: str, seconds: float) -> None:
        """A message that was accepted was handed to whom it is for, so long after it came."""
        self._at(self._message_latency, channel_type, "user").observe(seconds)

    def message_lost(self, channel_type: str, reason: str = "unknown") -> None:
        """A message that was accepted will reach nobody."""
        self._at(self._messages_failed, channel_type, reason).inc()

    def message_failed(self, channel_type: str, reason: str) -> None:
        """A message was refused. It is one of all messages, so that those which failed are a share of them."""
        self.message_accepted(channel_type)
        self.message_lost(channel_type, reason)

    def auth_attempt(self, method: str, failed: str | None = None) -> None:
        """A login or refresh; `failed` is the reason where it was refused."""
        self._at(self._auth_attempts, method).inc()
        if failed is not None:
            self._at(self._auth_failures, method, failed).inc()

    def session_created(self, auth_method: str) -> None:
        """A session began, by login or registration."""
        self._at(self._sessions, "web", auth_method).inc()

    def registered(self) -> None:
        """A user registered."""
        self._at(self._registrations, "web").inc()

    def post_created(self, community: str, kind: str) -> None:
        """A post was written."""
        self._at(self._posts, community, kind).inc()

    def comment_created(self, community: str) -> None:
        """A comment was written."""
        self._at(self._comments, community, "text").inc()

    def reaction(self, kind: str, content_type: str) -> None:
        """A vote or an emoji."""
        self._at(self._reactions, kind, content_type).inc()

    def server_membership(self, action: str) -> None:
        """`join` or `leave`."""
        self._at(self._server_memberships, action).inc()

    def community_membership(self, action: str) -> None:
        """`join` or `leave`."""
        self._at(self._community_memberships, action).inc()

    def community_created(self, *, public: bool) -> None:
        """A community was founded."""
        self._at(self._communities, "public" if public else "private", "free").inc()

    def notified(self, kind: str) -> None:
        """A notification was put into somebody's inbox."""
        self._at(self._notifications, kind, "in_app").inc()

    def searched(self, kind: str, seconds: float, results: int) -> None:
        """A search was answered."""
        self._at(self._searches, kind).inc()
        self._at(self._search_duration, kind).observe(seconds)
        self._at(self._search_results, kind, "text").observe(results)

    def query(self, operation: str, table: str, seconds: float) -> None:
        """The database answered."""
        self._at(self._queries, operation, table).inc()
        self._at(self._query_duration, operation, table).observe(seconds)
        if seconds > SLOW_QUERY_SECONDS:
            self._at(self._slow_queries, operation, table).inc()

    def cache(self, *, hit: bool) -> None:
        """Something was looked up in Redis."""
        self._at(self._cache_hits if hit else self._cache_misses, "redis").inc()

    def families(self) -> frozenset[str]:
        """The names that this process exposes itself, as they stand in `# TYPE` lines."""
        return _families(generate_latest(self.registry))

    def exposition(self, now_ms: int) -> bytes:
        """Text format 0.0.4: our own families, then the further ones whose names are not ours.

        May take some milliseconds: the further families are computed here.
        """
        own = generate_latest(self.registry)
        if self._shapes:
            own = reshaped(own, self._shapes)
        if self._extra is None:
            return own
        return own + without(self._extra(now_ms), _families(own))

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        shape = self._shapes.get(name)
        bounds = buckets if shape is None else shape.bounds
        return Histogram(name, text, labels, buckets=bounds, registry=self.registry)

    def _at(self, family: W, *labels: str) -> W:
        # `labels()` takes a lock and builds strings; on the path of every request that shows
        key = (id(family), labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = family.labels(*labels)
        assert isinstance(child, type(family))
        return child


def without(exposition: bytes, names: frozenset[str]) -> bytes:
    """An exposition in text format 0.0.4 without the families of these names.

    A family begins with its `# HELP` or `# TYPE` line and lasts until the next one's.
    """
    kept: list[bytes] = []
    keep = True
    for line in exposition.splitlines(keepends=True):
        if line.startswith((b"# HELP ", b"# TYPE ")):
            keep = line.split(b" ", 3)[2].strip().decode() not in names
        if keep:
            kept.append(line)
    return b"".join(kept)


def _families(exposition: bytes) -> frozenset[str]:
    return frozenset(line.split(b" ", 3)[2].decode() for line in exposition.splitlines() if line.startswith(b"# TYPE "))
