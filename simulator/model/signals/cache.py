"""Redis and what the API looks up in it."""

from __future__ import annotations

from simulator.model.moment import Floats, Moment, signal

MISS_RATIO = 0.07


@signal("cache.lookups", "1/s", "lookups in the cache")
def lookups(m: Moment) -> Floats:
    return 2.4 * m["http.served"]


@signal("cache.missed", "ratio", "share of hits that a fault turns into misses")
def missed(m: Moment) -> Floats:
    return m.full(0.0)


@signal("redis.up", "", "1 where Redis answers")
def up(m: Moment) -> Floats:
    return m.full(1.0)


@signal("redis.commands", "1/s", "commands processed")
def commands(m: Moment) -> Floats:
    return 1.0 + 6.5 * m["http.served"]


@signal("redis.busy_us", "us/s", "microseconds spent in commands")
def busy_us(m: Moment) -> Floats:
    return 12.0 * m["redis.commands"]


@signal("redis.hits", "1/s", "keys found")
def hits(m: Moment) -> Floats:
    return m["cache.lookups"] * (1.0 - MISS_RATIO) * (1.0 - m["cache.missed"])


@signal("redis.misses", "1/s", "keys not found")
def misses(m: Moment) -> Floats:
    return m["cache.lookups"] * (MISS_RATIO + (1.0 - MISS_RATIO) * m["cache.missed"])


@signal("redis.evictions", "1/s", "keys evicted for want of memory")
def evictions(m: Moment) -> Floats:
    return m.full(0.0)


@signal("redis.expirations", "1/s", "keys expired")
def expirations(m: Moment) -> Floats:
    return 0.3 + 0.4 * m["http.served"]


@signal("redis.rejected", "1/s", "connections refused at maxclients")
def rejected(m: Moment) -> Floats:
    return m.full(0.0)


@signal("redis.clients", "", "connected clients")
def clients(m: Moment) -> Floats:
    return 14.0 + 10.0 * m["api.alive"]


@signal("redis.keys", "", "keys held")
def keys(m: Moment) -> Floats:
    return 2.0 * m["users.daily"] + 900.0 * m["traffic.activity"]


@signal("redis.memory_bytes", "bytes", "memory used")
def memory_bytes(m: Moment) -> Floats:
    return 0.42 * 2147483648.0 * (1.0 + 0.15 * m["traffic.activity"])


@signal("redis.slowlog", "", "entries of the slow log, which holds 128")
def slowlog(m: Moment) -> Floats:
    return m.full(11.0)
