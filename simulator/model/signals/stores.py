"""The search engine's node and the object store, as their own metrics show them."""

from __future__ import annotations

import numpy as np

from simulator.catalog.minio import CAPACITY_BYTES
from simulator.model.moment import Floats, Moment, signal

QUERY_SECONDS = 0.006
"""What one query to the search engine takes while it is idle."""


@signal("elasticsearch.green", "", "1 while the cluster is green")
def green(m: Moment) -> Floats:
    return np.where(m["search.health"] >= 2, 1.0, 0.0)


@signal("elasticsearch.yellow", "", "1 while the cluster is yellow")
def yellow(m: Moment) -> Floats:
    return np.where((m["search.health"] < 2) & (m["search.health"] >= 1), 1.0, 0.0)


@signal("elasticsearch.red", "", "1 while the cluster is red")
def red(m: Moment) -> Floats:
    return np.where(m["search.health"] < 1, 1.0, 0.0)


@signal("elasticsearch.unassigned", "", "shards that no node holds")
def unassigned(m: Moment) -> Floats:
    return 6.0 * m["elasticsearch.red"] + 2.0 * m["elasticsearch.yellow"]


@signal("elasticsearch.query_ms", "ms/s", "milliseconds spent in queries a second")
def query_ms(m: Moment) -> Floats:
    return 1000.0 * QUERY_SECONDS * m["search.engine_queries"] * m["search.engine_stretch"]


@signal("elasticsearch.indexed", "1/s", "documents indexed")
def indexed(m: Moment) -> Floats:
    return 0.09 * m["http.served"]


@signal("elasticsearch.index_ms", "ms/s", "milliseconds spent in indexing a second")
def index_ms(m: Moment) -> Floats:
    return 1.4 * m["elasticsearch.indexed"]


@signal("elasticsearch.collections", "1/s", "collections of the young generation")
def collections(m: Moment) -> Floats:
    return 0.02 + 0.004 * m["search.engine_queries"]


@signal("elasticsearch.collection_ms", "ms/s", "milliseconds spent in them a second")
def collection_ms(m: Moment) -> Floats:
    return 14.0 * m["elasticsearch.collections"]


@signal("elasticsearch.heap_ratio", "ratio", "share of the heap in use")
def heap_ratio(m: Moment) -> Floats:
    return 0.44 + 0.16 * m["traffic.activity"] + 0.03 * m.noise("elasticsearch heap", first=0, last=4)


@signal("elasticsearch.cpu_percent", "percent", "CPU that the engine uses")
def cpu_percent(m: Moment) -> Floats:
    return 3.0 + 14.0 * m["traffic.activity"]


@signal("elasticsearch.disk_ratio", "ratio", "share of the engine's disk that is free")
def disk_ratio(m: Moment) -> Floats:
    return m.of("node-1")["node.disk_available_ratio"]


@signal("elasticsearch.rejected", "1/s", "queries that found the engine's queue full")
def rejected(m: Moment) -> Floats:
    return 0.6 * m["search.queries"] * m["search.falls_back"]


@signal("minio.reads", "1/s", "objects read")
def reads(m: Moment) -> Floats:
    return 0.35 * m["http.served"]


@signal("minio.writes", "1/s", "objects written")
def writes(m: Moment) -> Floats:
    return m["uploads.started"]


@signal("minio.refused", "1/s", "requests that the store refuses with 5xx")
def refused(m: Moment) -> Floats:
    return (m["minio.reads"] + m["minio.writes"]) * (1e-5 + m["uploads.fails_storage"])


@signal("minio.missed", "1/s", "requests that it answers with 4xx: objects that are not there")
def missed(m: Moment) -> Floats:
    return 0.004 * m["minio.reads"]


@signal("minio.received_bytes", "bytes/s", "bytes received")
def received_bytes(m: Moment) -> Floats:
    return 480e3 * m["minio.writes"] * (1.0 - m["uploads.fails_storage"])


@signal("minio.sent_bytes", "bytes/s", "bytes sent")
def sent_bytes(m: Moment) -> Floats:
    return 160e3 * m["minio.reads"]


@signal("minio.free_bytes", "bytes", "capacity that is left")
def free_bytes(m: Moment) -> Floats:
    return np.maximum(CAPACITY_BYTES - 1.3 * m["uploads.stored_bytes"], 0.05 * CAPACITY_BYTES)
