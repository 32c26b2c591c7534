"""HTTP and process metrics of the API (contract 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    Sizes,
    constant,
    rows,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.routes import ROUTES, Auth, Route
from simulator.catalog.sizes import Extent, Size
from simulator.telemetry.samples import MetricType

DURATION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZE_BOUNDS = (1.0, 100.0, 1e3, 1e4, 1e5, 1e6)
TINY_ROUTES, USUAL_ROUTES = 3, 30
"""How many of the busiest routes a tiny platform tells apart, and one of default size; a large one has all."""
ZIPF_EXPONENT = 0.9
"""Requests over routes by rank; web popularity has exponents of 0.64 to 0.83, more where few pages dominate (Breslau,
Cao, Fan, Phillips and Shenker, "Web caching and Zipf-like distributions", INFOCOM 1999)."""

# The busiest routes, most popular first; the rest follow in the contract's order.
_POPULAR = (
    "GET /api/v1/posts",
    "GET /api/v1/channels/:channelId/messages",
    "POST /api/v1/messages",
    "GET /api/v1/notifications/notifications/unread-count",
    "GET /api/v1/posts/:id",
    "GET /api/v1/auth/me",
    "GET /api/v1/servers",
    "POST /api/v1/posts/:id/vote",
    "GET /api/v1/comments/post/:postId",
    "GET /api/v1/search",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "GET /api/v1/servers/:serverId",
    "GET /api/v1/users/me",
    "POST /api/v1/comments",
    "GET /api/v1/communities/:name",
    "GET /health",
    "POST /api/v1/posts",
)

_RARE = {"POST /api/v1/auth/register": 1.2e-3, "POST /api/v1/servers": 1.5e-4, "POST /api/v1/communities": 5e-5}
"""What people do once or hardly ever, as a share of all requests; no law of popularity has a say in it."""

# Client errors, as shares of a route's requests.
_CLIENT_ERRORS: dict[Auth, tuple[tuple[str, float], ...]] = {
    Auth.BEARER: (("401", 0.008), ("404", 0.004)),
    Auth.OPTIONAL: (("404", 0.006),),
    Auth.NONE: (("400", 0.01),),
}
_SERVER_ERRORS = (("500", 1.5e-4), ("503", 5e-5))
_CREATES = ("auth/register", "messages", "channels", "direct-messages/conversations", "voice/rooms", "voice/video/call")


PACES = ("memory", "read", "write", "search", "upload", "password")


def pace(route: Route) -> str:
    """Which distribution of latency a route has: a part of the name of a spread. Only `memory` does without the
    database."""
    if not route.database:
        return "memory"
    if route.area == "search":
        return "search"
    if route.area == "uploads":
        return "upload"
    if route.path.endswith(("/auth/login", "/auth/register")):
        return "password"  # bcrypt
    return "read" if route.method == "GET" else "write"


def _popularity(routes: list[Route]) -> list[float]:
    """Each route's share of all requests, by its rank unless it is rare."""
    rare = [_RARE.get(f"{route.method} {route.path}") for route in routes]
    ranked = [(place + 1) ** -ZIPF_EXPONENT if share is None else 0.0 for place, share in enumerate(rare)]
    left = 1.0 - sum(share for share in rare if share is not None)
    return [
        left * by_rank / sum(ranked) if share is None else share for by_rank, share in zip(ranked, rare, strict=True)
    ]


@dataclass(frozen=True)
class _Endpoints(Dimension):
    """Rows of endpoints, which a profile may have by the number of routes: `rank` is the place of each row's route by
    popularity, and `rare` are rows that a tiny platform has of no route."""

    rank: tuple[int, ...] = ()
    rare: frozenset[int] = frozenset()

    def chosen(self, extent: Extent) -> Sequence[int]:
        if extent.routes is None:
            return super().chosen(extent)
        few = [number for number, rank in enumerate(self.rank) if rank < extent.routes]
        return [number for number in few if number not in self.rare] if extent.size is Size.TINY else few


def _endpoints() -> Dimension:
    """Method, route, code and pace, with each code's share of all requests."""
    kept = [route for route in ROUTES if route.journey and route.path != "/metrics"]
    rank = {name: place for place, name in enumerate(_POPULAR)}
    kept.sort(key=lambda route: rank.get(f"{route.method} {route.path}", len(rank)))
    order = {path: number for number, path in enumerate(dict.fromkeys(route.path for route in kept))}
    found, usual, few, absorbing, common = [], 0, [], 0, set()
    for place, (route, part) in enumerate(zip(kept, _popularity(kept), strict=True)):
        tail = route.path.removeprefix("/api/v1/")
        success = "201" if route.method == "POST" and tail in _CREATES else "200"
        errors = (*(() if route.area == "root" else _CLIENT_ERRORS[route.auth]), *_SERVER_ERRORS)
        if tail == "auth/login":
            errors = (("401", 0.06), ("429", 0.002), *_SERVER_ERRORS)
        codes = ((success, 1 - sum(share for _, share in errors)), *errors)
        found += [((route.method, route.path, code, pace(route)), share * part) for code, share in codes]
        # success, the commonest mistake of clients, and the server's errors
        some = [row for row in found[-len(codes) :] if row[0][2] in (success, codes[1][0], "500", "503")]
        common.update(some)
        if place < TINY_ROUTES:
            few += some
            absorbing = absorbing if route.method != "GET" else len(few)
        if place < USUAL_ROUTES:
            usual = len(found)
    # what a smaller platform does not tell apart are pages looked at: what is done on others agrees with other counters
    together = tuple(dict.fromkeys((*few, *found)))
    return _Endpoints(
        ("method", "route", "code", "_pace"),
        together,
        tiny=len(few),
        usual=usual,
        absorbing=absorbing,
        rank=tuple(order[values[1]] for values, _ in together),
        rare=frozenset(number for number, row in enumerate(together) if row not in common),
    )


def routes_shown(extent: Extent) -> tuple[str, ...]:
    """The routes that a platform of this extent tells apart, the busiest first."""
    return tuple(dict.fromkeys(labels["route"] for labels, _ in rows(REQUESTS.dimensions, extent)))


REQUESTS = Flow(
    "http.requests",
    signal="http.handled",
    dimensions=(_endpoints(),),
    outcome="code",
    healthy=("200", "201"),
    failures={
        "500": "http.fails_500.{_pace}",
        "503": "http.fails_503.{_pace}",
        "401": "http.guessed",
        "429": "http.guessed_too_often",
    },
    spread="http.{_pace}",
    bounds=DURATION_BOUNDS,
)

_CODED = same("method", "route", "code")
QUALITY = {"0.01": 0.61, "0.05": 0.78, "0.5": 0.97, "0.9": 0.995, "0.95": 0.998, "0.99": 1.0, "0.999": 1.0}
"""Quantiles of how good single answers are that are neither an error nor late; those that prom-client has unless told
otherwise. Any other answer counts as 0."""
QUALITY_LAW = ((0.0, 0.4), *((float(part), quality) for part, quality in QUALITY.items()), (1.0, 1.0))
"""The corners of their distribution's quantile function, which is a line between them."""


def _grades() -> dict[str, float]:
    """The mean of each part of that law, as text, with the part's share of all answers; and 0."""
    failing = sum(share for _, share in _SERVER_ERRORS)
    found = {"0": failing}
    for (low, worse), (high, better) in pairwise(QUALITY_LAW):
        grade = f"{(worse + better) / 2:.6g}"
        found[grade] = found.get(grade, 0.0) + (high - low) * (1.0 - failing)
    return found


_GRADES = _grades()
RATED = Flow(
    "api.rated",
    "http.served",
    (constant("endpoint", "all"), shares("_grade", _GRADES)),
    outcome="_grade",
    healthy=tuple(grade for grade in _GRADES if grade != "0"),
    failures={"0": "api.spoilt"},
)
_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def _rated(view: Level | Count) -> Family:
    text = "Quality of the API's answers, from 0 to 1"
    return Family(CRYB_API, "cryb_api_response_quality", MetricType.SUMMARY, text, view)


FAMILIES: tuple[Family, ...] = (
    Family(CRYB_API, "http_requests_total", _C, "HTTP requests", Count(REQUESTS, _CODED), caused_by=CausedBy.API),
    Family(
        CRYB_API,
        "http_request_duration_seconds",
        _H,
        "HTTP latency",
        Histogram(REQUESTS, _CODED),
        unit="seconds",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "http_request_size_bytes",
        _H,
        "HTTP request bodies",
        Sizes(REQUESTS, same("method", "route"), SIZE_BOUNDS, median=180, sigma=1.6),
        unit="bytes",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "http_response_size_bytes",
        _H,
        "HTTP response bodies",
        Sizes(REQUESTS, _CODED, SIZE_BOUNDS, median=2600, sigma=1.4),
        unit="bytes",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "http_requests_in_flight",
        _G,
        "HTTP requests being handled",
        Level("http.in_flight", noise=0.1, whole=True),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_error_rate_percentage",
        _G,
        "Share of requests that failed",
        Level("http.failing_percent", (constant("service", "api"), constant("endpoint", "all")), high=100),
    ),
    *(
        _rated(
            Level(f"api.response_quality.{part}", (constant("endpoint", "all"), constant("quantile", part)), high=1.0)
        )
        for part in QUALITY
    ),
    _rated(Count(RATED, same("endpoint"), value="_grade", suffix="_sum")),
    _rated(Count(RATED, same("endpoint"), suffix="_count")),
)
