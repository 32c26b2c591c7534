"""How much is logged beside what the counters count."""

from __future__ import annotations

from simulator.model.moment import Floats, Moment, signal

CHATTER_PER_REQUEST = 0.25
FLOODED_LINE_BYTES = 240.0


@signal("log.flood", "", "how many times more debug and warn lines the API writes, less one")
def flood(m: Moment) -> Floats:
    return m.fault("log_flood") * (m.worst("log_flood", "factor") - 1.0)


@signal("log.chatter", "1/s", "debug and warn lines of the API")
def chatter(m: Moment) -> Floats:
    quiet = CHATTER_PER_REQUEST * m["http.served"]
    return quiet + quiet * m["log.flood"]


@signal("log.flood_bytes", "bytes/s", "bytes that a log flood adds to the disks")
def flood_bytes(m: Moment) -> Floats:
    return FLOODED_LINE_BYTES * CHATTER_PER_REQUEST * m["http.served"] * m["log.flood"]


@signal("log.web_requests", "1/s", "pages that one web server delivers")
def web_requests(m: Moment) -> Floats:
    return 0.3 * m["traffic.requests"] / len(m.world.instances("web"))


@signal("log.postgres_sessions", "1/s", "connections that are opened")
def postgres_sessions(m: Moment) -> Floats:
    return 0.02 + 0.001 * m["db.queries"]


@signal("log.postgres_checkpoints", "1/s", "checkpoints, every five minutes")
def postgres_checkpoints(m: Moment) -> Floats:
    return m.full(1.0 / 300.0)


@signal("log.redis_saves", "1/s", "snapshots to disk")
def redis_saves(m: Moment) -> Floats:
    return 1.0 / 900.0 + 1e-5 * m["redis.commands"]


@signal("log.system", "1/s", "lines of a host's syslog")
def system(m: Moment) -> Floats:
    return 0.05 + 0.05 * m["traffic.activity"]


@signal("log.ssh", "1/s", "logins to a host that somebody tries, the internet's background noise included")
def ssh(m: Moment) -> Floats:
    return m.full(0.03)
