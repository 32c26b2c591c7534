"""Redis and what the API looks up in it. `redis-1` is the primary, the others replicate it."""

from __future__ import annotations

import numpy as np

from simulator.catalog.redis import MAX_CLIENTS, MAX_MEMORY_BYTES
from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register
from simulator.profile.presence import service_name

MISS_RATIO = 0.07
LOOKUPS_PER_REQUEST = 2.4
PRIMARY = "redis-1"
REPLICATED = 0.3
"""Share of commands that write, and so reach the replicas."""
PRESSURE_FROM = 0.96
"""Share of `maxmemory` from which on keys are evicted."""
EVICTED_MISSES = 0.35
"""Share of hits that eviction at its worst turns into misses."""


def _part(m: Moment) -> float:
    """The part of all commands that this server gets."""
    return REPLICATED if service_name(m.instance) == "redis" and m.instance != PRIMARY else 1.0


@signal("cache.up", "", "1 where the primary answers", shared=True)
def cache_up(m: Moment) -> Floats:
    return m.of(PRIMARY)["instance.serves"]


@signal("cache.lookups", "1/s", "lookups in the cache", shared=True)
def lookups(m: Moment) -> Floats:
    return LOOKUPS_PER_REQUEST * m["http.served"]


@signal("cache.missed", "ratio", "share of hits that a fault turns into misses", shared=True)
def missed(m: Moment) -> Floats:
    evicted = EVICTED_MISSES * m.of(PRIMARY)["redis.pressure"]
    return 1.0 - (1.0 - m.fault("cache_miss_storm")) * m["cache.up"] * (1.0 - evicted)


@signal("cache.missed_lookups", "1/s", "lookups that miss because of a fault, and ask the database", shared=True)
def missed_lookups(m: Moment) -> Floats:
    return m["cache.lookups"] * (1.0 - MISS_RATIO) * m["cache.missed"]


@signal("cache.operation_stretch", "", "how much longer the API waits for the cache than usual", shared=True)
def operation_stretch(m: Moment) -> Floats:
    return 1.0 + 0.3 * m["traffic.activity"] + 6.0 * m.of(PRIMARY)["redis.pressure"]


# -- as one server sees itself ----------------------------------------------------------------------------------------


@signal("redis.up", "", "1 where this server answers (for anybody else: the primary)")
def up(m: Moment) -> Floats:
    return m["instance.serves"] if service_name(m.instance) == "redis" else m["cache.up"]


@signal("redis.is_primary", "", "1 on the primary while it answers")
def is_primary(m: Moment) -> Floats:
    return m["redis.up"] if _part(m) == 1.0 else m.full(0.0)


@signal("redis.is_replica", "", "1 on a replica while it answers")
def is_replica(m: Moment) -> Floats:
    return m["redis.up"] - m["redis.is_primary"]


@signal("redis.commands", "1/s", "commands processed")
def commands(m: Moment) -> Floats:
    return m["redis.up"] * (1.0 + 6.5 * _part(m) * m["http.served"])


@signal("redis.busy_us", "us/s", "microseconds spent in commands")
def busy_us(m: Moment) -> Floats:
    return 12.0 * m["redis.commands"] * (1.0 + 2.0 * m["redis.pressure"])


@signal("redis.hits", "1/s", "keys found")
def hits(m: Moment) -> Floats:
    return m["redis.is_primary"] * m["cache.lookups"] * (1.0 - MISS_RATIO) * (1.0 - m["cache.missed"])


@signal("redis.misses", "1/s", "keys not found")
def misses(m: Moment) -> Floats:
    return m["redis.is_primary"] * m["cache.lookups"] * (MISS_RATIO + (1.0 - MISS_RATIO) * m["cache.missed"])


@signal("redis.pressure", "ratio", "how hard memory is to be had: 0 below 96 % of maxmemory, 1 at 99.5 %")
def pressure(m: Moment) -> Floats:
    over = m["redis.memory_bytes"] / MAX_MEMORY_BYTES - PRESSURE_FROM
    return np.minimum(np.maximum(over, 0.0) / 0.035, 1.0)


@signal("redis.evictions", "1/s", "keys evicted for want of memory")
def evictions(m: Moment) -> Floats:
    return 0.18 * m["redis.commands"] * m["redis.pressure"]


@signal("redis.expirations", "1/s", "keys expired")
def expirations(m: Moment) -> Floats:
    return m["redis.up"] * (0.3 + 0.4 * m["http.served"])


@signal("redis.rejected", "1/s", "connections refused at maxclients")
def rejected(m: Moment) -> Floats:
    return np.where(m["redis.clients"] >= MAX_CLIENTS, 1.0, 0.0)


@signal("redis.connections", "1/s", "connections accepted")
def connections(m: Moment) -> Floats:
    return m["redis.up"] * (0.08 + 0.01 * m["http.served"])


@signal("redis.clients", "", "connected clients")
def clients(m: Moment) -> Floats:
    return np.minimum(14.0 + 10.0 * m["api.alive"], float(MAX_CLIENTS))


@signal("redis.keys", "", "keys held")
def keys(m: Moment) -> Floats:
    return (2.0 * m["users.daily"] + 900.0 * m["traffic.activity"]) * (1.0 - 0.25 * m["redis.pressure"])


@signal("redis.memory_bytes", "bytes", "memory used")
def memory_bytes(m: Moment) -> Floats:
    calm = 0.42 * MAX_MEMORY_BYTES * (1.0 + 0.15 * m["traffic.activity"])
    return calm + m.fault("redis_memory") * np.maximum(0.995 * MAX_MEMORY_BYTES - calm, 0.0)


@signal("redis.slowlog", "", "entries of the slow log, which holds 128")
def slowlog(m: Moment) -> Floats:
    return 11.0 + 117.0 * m["redis.pressure"]


@signal("redis.received_bytes", "bytes/s", "bytes received")
def received_bytes(m: Moment) -> Floats:
    return 90.0 * m["redis.commands"]


@signal("redis.sent_bytes", "bytes/s", "bytes sent")
def sent_bytes(m: Moment) -> Floats:
    return 620.0 * m["redis.commands"]


@signal("redis.cpu_ms", "ms/s", "CPU time a second")
def cpu_ms(m: Moment) -> Floats:
    return m["redis.up"] * 2.0 + m["redis.busy_us"] / 1000.0


@signal("redis.gone", "", "1 where this server does not answer its exporter")
def gone(m: Moment) -> Floats:
    return 1.0 - m["redis.up"]


@signal("redis.replicas", "", "replicas that follow this server")
def replicas(m: Moment) -> Floats:
    return m["redis.is_primary"] * (len(m.world.instances("redis")) - 1)


@signal("cache.evictions", "1/s", "keys evicted from the cache", shared=True)
def cache_evictions(m: Moment) -> Floats:
    return m.of(PRIMARY)["redis.evictions"]


@signal("cache.operations", "1/s", "operations on the cache that are answered", shared=True)
def operations(m: Moment) -> Floats:
    return 1.45 * m["cache.lookups"] * m["cache.up"]


register({"cache.operation": Spread(0.0007, 0.55, "cache.operation_stretch")})
