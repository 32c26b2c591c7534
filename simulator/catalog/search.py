"""Search as the API sees it (contract 5.5), and the search-analytics exporter (5.8)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Family,
    Flow,
    Histogram,
    Level,
    Scores,
    Sizes,
    constant,
    factors,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API, SEARCH_ANALYTICS
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

DURATION_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
RESULT_BOUNDS: Final = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 500.0, 1000.0)
ENGINE_BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
RELEVANCE_BOUNDS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)

ENGINE, FALLBACK = "elasticsearch", "postgresql_fts"
TYPES = shares(
    "type",
    {"all": 38, "posts": 21, "users": 14, "messages": 12, "communities": 6, "servers": 5, "text": 4},
    tiny=1,
)
_RATED_TYPES = shares("type", {"all": 60, "posts": 25, "messages": 15}, tiny=1)
FAILED: Final = {"timeout": 3e-4, "engine_unavailable": 2e-4, "server": 1e-4}
FALLING_BACK: Final = 2e-4
"""Share of searches that fall back on a good day."""

QUERIES = Flow(
    "search.queries",
    "search.queries",
    (
        TYPES,
        constant("query_type", "text"),
        shares("_end", {ENGINE: 1.0 - FALLING_BACK - sum(FAILED.values()), FALLBACK: FALLING_BACK, **FAILED}),
    ),
    outcome="_end",
    healthy=(ENGINE,),
    failures={
        "server": "search.fails_server",
        "timeout": "search.fails_timeout",
        FALLBACK: "search.falls_back",
    },
    spread="search.answer",
    bounds=DURATION_BOUNDS,
)
RELEVANCE: Final = {
    ENGINE: {"0.95": 22, "0.85": 34, "0.75": 24, "0.6": 13, "0.4": 5, "0.2": 2},
    FALLBACK: {"0.95": 6, "0.85": 13, "0.75": 19, "0.6": 28, "0.4": 22, "0.2": 12},
}
"""How relevant the best results of either engine are, and how often."""
RATED: Final = {
    engine: Flow(
        f"search.rated.{engine}",
        signal,
        (_RATED_TYPES, constant("algorithm", engine), shares("_value", RELEVANCE[engine])),
    )
    for engine, signal in ((ENGINE, "search.by_engine"), (FALLBACK, "search.by_fallback"))
}
ENGINE_QUERIES = Flow("search.engine_queries", "search.engine_queries", spread="search.engine", bounds=ENGINE_BOUNDS)
_INDEXES = {
    "messages": 0.72,
    "posts": 0.12,
    "direct_messages": 0.1,
    "users": 0.04,
    "communities": 0.01,
    "servers": 0.01,
}

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_ANSWERED = {"_end": (ENGINE, FALLBACK)}

FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_search_queries_total",
        _C,
        "Searches",
        Count(QUERIES, same("type")),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_search_duration_seconds",
        _H,
        "Search latency",
        Histogram(QUERIES, same("type")),
        unit="seconds",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_search_errors_total",
        _C,
        "Searches that failed",
        Count(QUERIES, {"type": "type", "error_type": "_end"}, where={"_end": tuple(FAILED)}),
    ),
    Family(
        CRYB_API,
        "cryb_search_results_count",
        _H,
        "Results of a search",
        Sizes(QUERIES, same("type", "query_type"), RESULT_BOUNDS, median=13, sigma=1.7, where=_ANSWERED),
        caused_by=CausedBy.API,
    ),
    *(
        Family(
            CRYB_API,
            "cryb_search_relevance_score",
            _H,
            "Relevance of a search's best results, by the engine that found them",
            Scores(rated, same("type", "algorithm"), RELEVANCE_BOUNDS),
        )
        for rated in RATED.values()
    ),
    Family(
        SEARCH_ANALYTICS,
        "elasticsearch_queries_total",
        _C,
        "Queries that the engine answered",
        Count(ENGINE_QUERIES, {}),
    ),
    Family(
        SEARCH_ANALYTICS,
        "elasticsearch_query_duration_seconds",
        _H,
        "Time that the engine took",
        Histogram(ENGINE_QUERIES, {}),
        unit="seconds",
    ),
    Family(
        SEARCH_ANALYTICS,
        "elasticsearch_index_documents_total",
        _G,
        "Documents in an index",
        Level("search.documents", (factors("index", _INDEXES),), whole=True, refresh_ms=MINUTE),
    ),
    Family(
        SEARCH_ANALYTICS,
        "elasticsearch_index_size_bytes",
        _G,
        "Bytes of an index",
        Level("search.index_bytes", (factors("index", _INDEXES),), whole=True, refresh_ms=MINUTE),
        unit="bytes",
    ),
    Family(
        SEARCH_ANALYTICS,
        "elasticsearch_cluster_health_status",
        _G,
        "Health of the engine: 2 green, 1 yellow, 0 red",
        Level("search.health"),
    ),
)
