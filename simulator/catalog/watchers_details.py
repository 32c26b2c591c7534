"""What Prometheus and Alertmanager tell of their own troubles, which is none here: what every team's rules about its
own monitoring ask for. Names, types and help are those of Prometheus 2.45 and Alertmanager 0.26."""

from __future__ import annotations

from simulator.catalog.families import Dimension, Family, constant, factors, shares
from simulator.catalog.jobs import ALERTMANAGER, JOBS, PROMETHEUS
from simulator.catalog.standing import EVENLY, NEVER, RARELY, SLOWLY, Declaring

_P, _A = Declaring(PROMETHEUS), Declaring(ALERTMANAGER)
_GROUP = constant("rule_group", "/etc/prometheus/rules/platform.yml;platform")
_SENT_TO = constant("alertmanager", "http://cryb-alertmanager:9093/api/v2/alerts")
_POOLS = factors("scrape_job", {job.name: 1.0 for job in JOBS}, tiny=3)
_BY_POOL = shares("scrape_job", {job.name: 1.0 for job in JOBS}, tiny=3)
_WHAT = factors("name", {"scrape": 1.0, "notify": 1.0})
_DISCOVERED = Dimension(
    ("config", "name"),
    ((("config-0", "notify"), 1.0), *(((job.name, "scrape"), 1.0) for job in JOBS)),
    tiny=3,
    level=True,
)
_FLOAT = constant("type", "float")
_SLACK = constant("integration", "slack")

FAMILIES: tuple[Family, ...] = (
    _P.level(
        "prometheus_notifications_alertmanagers_discovered",
        "The number of alertmanagers discovered and active.",
        1.0,
    ),
    _P.level("prometheus_notifications_queue_capacity", "The capacity of the alert notifications queue.", 10000.0),
    _P.level("prometheus_notifications_queue_length", "The number of alert notifications in the queue.", 0.0),
    _P.counter(
        "prometheus_notifications_errors_total", "Total number of errors sending alert notifications.", NEVER, _SENT_TO
    ),
    _P.counter("prometheus_notifications_sent_total", "Total number of alerts sent.", SLOWLY, _SENT_TO),
    _P.level(
        "prometheus_ready",
        "Whether Prometheus startup was fully completed and the server is ready for normal operation.",
        1.0,
    ),
    _P.shown(
        "prometheus_config_last_reload_success_timestamp_seconds",
        "Timestamp of the last successful configuration reload.",
        "instance.started_seconds",
    ),
    _P.level("prometheus_engine_queries", "The current number of queries being executed or waiting.", 0.0),
    _P.level("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.", 20.0),
    _P.level("prometheus_rule_group_interval_seconds", "The interval of a rule group.", 15.0, _GROUP),
    _P.level("prometheus_rule_group_rules", "The number of rules.", 60.0, _GROUP),
    _P.counter(
        "prometheus_rule_group_iterations_missed_total",
        "The total number of rule group evaluations missed due to slow rule group evaluation.",
        NEVER,
        _GROUP,
    ),
    _P.counter(
        "prometheus_rule_group_iterations_total",
        "The total number of scheduled rule group evaluations, whether executed or missed.",
        ("standing.slowly", 2.0),
        _GROUP,
    ),
    _P.shown(
        "prometheus_rule_group_last_evaluation_timestamp_seconds",
        "The timestamp of the last rule group evaluation in seconds.",
        "standing.now",
        _GROUP,
    ),
    _P.level(
        "prometheus_rule_group_last_evaluation_samples",
        "The number of samples returned during the last rule group evaluation.",
        75.0,
        _GROUP,
    ),
    _P.level("prometheus_sd_discovered_targets", "Current number of discovered targets.", 1.0, _DISCOVERED),
    _P.level(
        "prometheus_sd_failed_configs",
        "Current number of service discovery configurations that failed to load.",
        0.0,
        _WHAT,
    ),
    _P.counter("prometheus_sd_file_read_errors_total", "The number of File-SD read errors.", NEVER),
    _P.counter("prometheus_sd_http_failures_total", "Number of HTTP service discovery refresh failures.", NEVER),
    _P.counter("prometheus_sd_dns_lookup_failures_total", "The number of DNS-SD lookup failures.", NEVER),
    _P.level("prometheus_target_scrape_pool_targets", "Current number of targets in this scrape pool.", 1.0, _POOLS),
    _P.counter("prometheus_target_sync_failed_total", "Total number of target sync failures.", NEVER, _BY_POOL),
    _P.counter(
        "prometheus_target_scrape_pool_sync_total",
        "Total number of syncs that were executed on a scrape pool.",
        RARELY,
        _BY_POOL,
    ),
    _P.counter(
        "prometheus_target_scrape_pools_failed_total", "Total number of scrape pool creations that failed.", NEVER
    ),
    _P.counter(
        "prometheus_target_scrape_pool_reloads_failed_total", "Total number of failed scrape pool reloads.", NEVER
    ),
    _P.counter(
        "prometheus_target_scrape_pool_exceeded_label_limits_total",
        "Total number of times scrape pools hit the label limits, during sync or config reload.",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrape_pool_exceeded_target_limit_total",
        "Total number of times scrape pools hit the target limit, during sync or config reload.",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrapes_exceeded_sample_limit_total",
        "Total number of scrapes that hit the sample limit and were rejected.",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrapes_exceeded_body_size_limit_total",
        "Total number of scrapes that hit the body size limit",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrapes_sample_duplicate_timestamp_total",
        "Total number of samples rejected due to duplicate timestamps but different values.",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrapes_sample_out_of_bounds_total",
        "Total number of samples rejected due to timestamp falling outside of the time bounds.",
        NEVER,
    ),
    _P.counter(
        "prometheus_target_scrapes_sample_out_of_order_total",
        "Total number of samples rejected due to not being out of the expected order.",
        NEVER,
    ),
    _P.counter(
        "prometheus_template_text_expansion_failures_total",
        "The total number of template text expansion failures.",
        NEVER,
    ),
    _P.counter("prometheus_template_text_expansions_total", "The total number of template text expansions.", EVENLY),
    _P.level("prometheus_tsdb_blocks_loaded", "Number of currently loaded data blocks", 18.0),
    _P.counter(
        "prometheus_tsdb_checkpoint_creations_failed_total", "Total number of checkpoint creations that failed.", NEVER
    ),
    _P.counter(
        "prometheus_tsdb_checkpoint_deletions_failed_total", "Total number of checkpoint deletions that failed.", NEVER
    ),
    _P.counter(
        "prometheus_tsdb_compactions_failed_total",
        "Total number of compactions that failed for the partition.",
        NEVER,
    ),
    _P.counter(
        "prometheus_tsdb_compactions_total",
        "Total number of compactions that were executed for the partition.",
        RARELY,
    ),
    _P.level("prometheus_tsdb_head_chunks", "Total number of chunks in the head block.", 48000.0, noise=0.05),
    _P.counter("prometheus_tsdb_head_chunks_created_total", "Total number of chunks created in the head", EVENLY),
    _P.counter("prometheus_tsdb_head_series_created_total", "Total number of series created in the head", SLOWLY),
    _P.counter("prometheus_tsdb_head_series_removed_total", "Total number of series removed in the head", SLOWLY),
    _P.counter(
        "prometheus_tsdb_head_series_not_found_total",
        "Total number of requests for series that were not found.",
        NEVER,
    ),
    _P.counter("prometheus_tsdb_head_truncations_failed_total", "Total number of head truncations that failed.", NEVER),
    _P.counter(
        "prometheus_tsdb_mmap_chunk_corruptions_total", "Total number of memory-mapped chunk corruptions.", NEVER
    ),
    _P.counter(
        "prometheus_tsdb_out_of_order_samples_total",
        "Total number of out of order samples ingestion failed attempts due to out of order being disabled.",
        NEVER,
        _FLOAT,
    ),
    _P.counter(
        "prometheus_tsdb_reloads_failures_total",
        "Number of times the database failed to reloadBlocks block data from disk.",
        NEVER,
    ),
    _P.counter("prometheus_tsdb_reloads_total", "Number of times the database reloaded block data from disk.", RARELY),
    _P.level(
        "prometheus_tsdb_retention_limit_bytes",
        "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled",
        0.0,
    ),
    _P.level(
        "prometheus_tsdb_storage_blocks_bytes",
        "The number of bytes that are currently used for local storage by all blocks.",
        6.5e9,
    ),
    _P.counter("prometheus_tsdb_wal_corruptions_total", "Total number of WAL corruptions.", NEVER),
    _P.counter(
        "prometheus_tsdb_wal_truncations_failed_total", "Total number of write log truncations that failed.", NEVER
    ),
    _P.counter("prometheus_tsdb_wal_writes_failed_total", "Total number of write log writes that failed.", NEVER),
    _A.level("alertmanager_cluster_enabled", "Indicates whether the clustering is enabled or not.", 0.0),
    _A.level("alertmanager_config_hash", "Hash of the currently loaded alertmanager configuration.", 1.9147e14),
    _A.shown(
        "alertmanager_config_last_reload_success_timestamp_seconds",
        "Timestamp of the last successful configuration reload.",
        "instance.started_seconds",
    ),
    _A.level("alertmanager_dispatcher_aggregation_groups", "Number of active aggregation groups", 1.0),
    _A.counter(
        "alertmanager_alerts_invalid_total",
        "The total number of received alerts that were invalid.",
        NEVER,
        constant("version", "v2"),
    ),
    _A.level("alertmanager_silences", "How many silences by state.", 0.0, factors("state", {"active": 1.0})),
    _A.counter(
        "alertmanager_notification_requests_total",
        "The total number of attempted notification requests.",
        RARELY,
        _SLACK,
    ),
    _A.counter(
        "alertmanager_notification_requests_failed_total",
        "The total number of failed notification requests.",
        NEVER,
        _SLACK,
    ),
)
