"""Search: the engine, and PostgreSQL's full-text search where the engine does not answer."""

from __future__ import annotations

import numpy as np

from simulator.catalog.search import FALLING_BACK
from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register

PER_REQUEST = 0.03
WITH_RESULTS = 0.94
ENGINE = "elasticsearch-1"
GIVES_UP_SECONDS = 1.0
"""How long a search waits for an engine that is gone."""
DOCUMENTS_PER_USER = 95.0
BYTES_PER_DOCUMENT = 1100.0

_LATE = (
    ("search.late_share", "search.late_seconds"),
    ("http.late_share", "http.late_seconds"),
    ("db.late_share", "db.late_seconds"),
)
register(
    {
        "search.answer": Spread(0.04, 0.7, "api.stretch", _LATE),
        "search.engine": Spread(0.016, 0.8, "search.engine_stretch", (("search.late_share", "search.late_seconds"),)),
    }
)


@signal("search.queries", "1/s", "searches", shared=True)
def queries(m: Moment) -> Floats:
    return PER_REQUEST * m["http.served"]


@signal(
    "search.falls_back", "ratio", "share of searches that the fallback engine answers because of a fault", shared=True
)
def falls_back(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("search_degradation")) * m.of(ENGINE)["instance.serves"]


@signal("search.fails_timeout", "ratio", "share of searches that no engine answers in time", shared=True)
def fails_timeout(m: Moment) -> Floats:
    return 0.06 * m["search.falls_back"]


@signal("search.fails_server", "ratio", "share of searches whose request fails", shared=True)
def fails_server(m: Moment) -> Floats:
    return 1.0 - (1.0 - m["http.fails_500"]) * (1.0 - m["http.fails_503"])


@signal("search.late_share", "ratio", "share of searches that wait for the engine in vain", shared=True)
def late_share(m: Moment) -> Floats:
    return m["search.falls_back"]


@signal("search.late_seconds", "seconds", "median of that wait", shared=True)
def late_seconds(m: Moment) -> Floats:
    gone = 1.0 - m.of(ENGINE)["instance.serves"]
    return np.maximum(m.worst("search_degradation", "delay") / 1000.0, GIVES_UP_SECONDS * gone)


@signal("search.answered", "1/s", "searches with results, whose relevance is taken down", shared=True)
def answered(m: Moment) -> Floats:
    return WITH_RESULTS * m["search.queries"] * (1.0 - m["search.fails_timeout"]) * (1.0 - m["search.fails_server"])


@signal("search.by_engine", "1/s", "those that the search engine answers", shared=True)
def by_engine(m: Moment) -> Floats:
    return m["search.answered"] * (1.0 - FALLING_BACK) * (1.0 - m["search.falls_back"])


@signal("search.by_fallback", "1/s", "those that the fallback engine answers", shared=True)
def by_fallback(m: Moment) -> Floats:
    return m["search.answered"] * (FALLING_BACK + (1.0 - FALLING_BACK) * m["search.falls_back"])


@signal("search.engine_queries", "1/s", "queries that the search engine answers", shared=True)
def engine_queries(m: Moment) -> Floats:
    return 1.6 * m["search.queries"] * (1.0 - 0.9 * m["search.falls_back"])


@signal("search.engine_stretch", "", "how much longer the engine's queries take than when it is idle", shared=True)
def engine_stretch(m: Moment) -> Floats:
    return 1.0 + 0.4 * m["traffic.activity"]


@signal("search.health", "", "the engine's health: 2 green, 1 yellow, 0 red", shared=True)
def health(m: Moment) -> Floats:
    lost = m["search.falls_back"]
    return np.where(lost <= 0.0, 2.0, np.where(lost < 0.5, 1.0, 0.0))


@signal("search.documents", "", "documents in the indexes, growing", shared=True)
def documents(m: Moment) -> Floats:
    return m.profile.platform.registered_users * DOCUMENTS_PER_USER * np.maximum(1.0 + 0.0008 * m.elapsed_days, 0.1)


@signal("search.index_bytes", "bytes", "bytes of the indexes", shared=True)
def index_bytes(m: Moment) -> Floats:
    return BYTES_PER_DOCUMENT * m["search.documents"]
