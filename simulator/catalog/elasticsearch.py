"""The search engine, with the names, types, help and labels of elasticsearch_exporter 1.6 (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, factors, same, shares
from simulator.catalog.jobs import ELASTICSEARCH
from simulator.telemetry.samples import MetricType

HEAP_BYTES = 2 * 1024**3
DISK_BYTES = 100 * 1024**3
_C, _G = MetricType.COUNTER, MetricType.GAUGE
_CLUSTER = constant("cluster", "cryb-search")
_NODE = Dimension(
    ("cluster", "es_client_node", "es_data_node", "es_ingest_node", "es_master_node", "host", "name"),
    ((("cryb-search", "true", "true", "true", "true", "10.0.0.21", "cryb-es-1"), 1.0),),
)
_DISK = Dimension(
    ("mount", "path"), ((("/usr/share/elasticsearch/data (/dev/sda1)", "/usr/share/elasticsearch/data"), 1.0),)
)


def _of_cluster(name: str, signal: str, text: str, scale: float = 1.0) -> Family:
    level = Level(signal, (_CLUSTER,), scale=scale, whole=True)
    return Family(ELASTICSEARCH, f"elasticsearch_cluster_health_{name}", _G, text, level)


def _health(color: str, signal: str, text: str) -> Family:
    level = Level(signal, (_CLUSTER, constant("color", color)))
    return Family(ELASTICSEARCH, "elasticsearch_cluster_health_status", _G, text, level)


def _gauge(name: str, text: str, signal: str, *dimensions: Dimension, scale: float = 1.0, noise: float = 0.0) -> Family:
    level = Level(signal, (_NODE, *dimensions), scale=scale, noise=noise, whole=True)
    return Family(ELASTICSEARCH, f"elasticsearch_{name}", _G, text, level)


def _counter(
    name: str, text: str, signal: str, *dimensions: Dimension, unit: float = 1.0, dispersion: float = 1.0
) -> Family:
    flow = Flow(f"elasticsearch.{name}", signal, (_NODE, *dimensions), dispersion=dispersion)
    labels = same(*(label for dimension in (_NODE, *dimensions) for label in dimension.names))
    return Family(ELASTICSEARCH, f"elasticsearch_{name}", _C, text, Count(flow, labels, unit=unit))


FAMILIES: tuple[Family, ...] = (
    _health("green", "elasticsearch.green", "Whether all primary and replica shards are allocated."),
    _health("yellow", "elasticsearch.yellow", "Whether all primary and replica shards are allocated."),
    _health("red", "elasticsearch.red", "Whether all primary and replica shards are allocated."),
    _of_cluster("number_of_nodes", "one", "Number of nodes in the cluster."),
    _of_cluster("number_of_data_nodes", "one", "Number of data nodes in the cluster."),
    _of_cluster(
        "active_primary_shards",
        "one",
        ("The number of primary shards in your cluster. This is an aggregate total across all indices."),
        6.0,
    ),
    _of_cluster(
        "active_shards", "one", "Aggregate total of all shards across all indices, which includes replica shards.", 6.0
    ),
    _of_cluster(
        "unassigned_shards",
        "elasticsearch.unassigned",
        ("The number of shards that exist in the cluster state, but cannot be found in the cluster itself."),
    ),
    _of_cluster(
        "relocating_shards", "zero", "The number of shards that are currently moving from one node to another node."
    ),
    _of_cluster("initializing_shards", "zero", "Count of shards that are being freshly created."),
    _of_cluster("delayed_unassigned_shards", "zero", "Shards delayed to reduce reallocation overhead"),
    _of_cluster(
        "number_of_pending_tasks",
        "elasticsearch.unassigned",
        "Cluster level changes which have not yet been executed",
        2.0,
    ),
    _gauge(
        "jvm_memory_used_bytes",
        "JVM memory currently used by area",
        "elasticsearch.heap_ratio",
        constant("area", "heap"),
        scale=float(HEAP_BYTES),
        noise=0.02,
    ),
    _gauge(
        "jvm_memory_used_bytes",
        "JVM memory currently used by area",
        "one",
        constant("area", "non-heap"),
        scale=1.9e8,
        noise=0.002,
    ),
    _gauge("jvm_memory_max_bytes", "JVM memory max", "one", constant("area", "heap"), scale=float(HEAP_BYTES)),
    _gauge(
        "jvm_memory_committed_bytes",
        "JVM memory currently committed by area",
        "one",
        factors("area", {"heap": 1.0, "non-heap": 0.09}),
        scale=float(HEAP_BYTES),
    ),
    _counter(
        "jvm_gc_collection_seconds_count",
        "Count of JVM GC runs",
        "elasticsearch.collections",
        shares("gc", {"young": 0.999, "old": 0.001}),
    ),
    _counter(
        "jvm_gc_collection_seconds_sum",
        "GC run time in seconds",
        "elasticsearch.collection_ms",
        shares("gc", {"young": 0.99, "old": 0.01}),
        unit=0.001,
        dispersion=14.0,
    ),
    _gauge("indices_docs", "Count of documents on this node", "search.documents"),
    _gauge("indices_docs_deleted", "Count of deleted documents on this node", "search.documents", scale=0.03),
    _gauge("indices_store_size_bytes", "Current size of stored index data in bytes", "search.index_bytes"),
    _counter("indices_search_query_total", "Total number of queries", "search.engine_queries"),
    _counter(
        "indices_search_query_time_seconds",
        "Total search query time in seconds",
        "elasticsearch.query_ms",
        unit=0.001,
        dispersion=9.0,
    ),
    _counter("indices_search_fetch_total", "Total number of fetches", "search.engine_queries"),
    _counter("indices_indexing_index_total", "Total index calls", "elasticsearch.indexed"),
    _counter(
        "indices_indexing_index_time_seconds_total",
        "Cumulative index time in seconds",
        "elasticsearch.index_ms",
        unit=0.001,
        dispersion=3.0,
    ),
    _gauge(
        "filesystem_data_available_bytes",
        "Available space on block device in bytes",
        "elasticsearch.disk_ratio",
        _DISK,
        scale=float(DISK_BYTES),
    ),
    _gauge(
        "filesystem_data_free_bytes",
        "Free space on block device in bytes",
        "elasticsearch.disk_ratio",
        _DISK,
        scale=1.05 * DISK_BYTES,
    ),
    _gauge("filesystem_data_size_bytes", "Size of block device in bytes", "one", _DISK, scale=float(DISK_BYTES)),
    _counter(
        "thread_pool_rejected_count",
        "Thread Pool operations rejected",
        "elasticsearch.rejected",
        shares("type", {"search": 0.98, "write": 0.02}),
    ),
    _gauge(
        "thread_pool_queue_count",
        "Thread Pool operations queued",
        "elasticsearch.rejected",
        factors("type", {"search": 40.0, "write": 2.0}),
    ),
    _gauge("os_cpu_percent", "Percent CPU used by OS", "elasticsearch.cpu_percent", noise=0.1),
    _gauge("process_cpu_percent", "Percent CPU used by process", "elasticsearch.cpu_percent", noise=0.1),
    _gauge("process_open_files_count", "Open file descriptors", "one", scale=412.0, noise=0.01),
)
