"""Prometheus TSDB blocks as bytes: chunks, index, meta.json, tombstones. No I/O.

Formats: https://github.com/prometheus/prometheus/tree/main/tsdb/docs/format (chunks.md, index.md, tombstones.md), as
read by Prometheus 2.0 and later. `simulator.sinks.tsdb_blocks` puts the bytes where a server finds them.
"""
