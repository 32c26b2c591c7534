"""Which events of the platform are logged, by whom, and in which words.

One table, `SOURCES`. A source is a flow of the model and, for each of its rows, the lines that one of its events
leaves in a log. `sampling` says that only every n-th event of each leaf is logged; with 1 it is all of them, and then
there are exactly as many lines as the counters of that flow rise by.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.catalog import log_flows
from simulator.catalog.database import CACHE, QUERIES, SLOW_SECONDS
from simulator.catalog.families import CausedBy, Count, Flow
from simulator.catalog.http import REQUESTS
from simulator.catalog.inventory import FAMILIES
from simulator.catalog.jobs import CRYB_API, NODE, POSTGRES, REDIS
from simulator.catalog.queues import QUEUES, ended
from simulator.streams.logs import api_lines, auth_lines, database_lines, host_lines, web_lines
from simulator.streams.logs.line import Lines


@dataclass(frozen=True)
class Source:
    """One kind of log line. `service` is the stream's label, `host` the host's name (`{n}`: the instance's number).

    `job` says how the flow is counted: on the instances of a scrape job, or of a service that nothing scrapes.
    `beyond` keeps only events that took longer, in seconds, which is a bound of the flow; `outcomes` only rows with
    these values of the flow's outcome. In a live run what is `caused_by` the API is left out: the reference API writes
    those lines itself.
    """

    name: str
    service: str
    host: str
    flow: Flow
    job: str
    lines: Lines
    sampling: int = 1
    beyond: float = 0.0
    outcomes: tuple[str, ...] = ()
    caused_by: CausedBy = CausedBy.MODEL


def _flows(job: str, family: str) -> tuple[Flow, ...]:
    """The flows that a family of the catalogue counts, each once."""
    views = (entry.view for entry in FAMILIES if (entry.job, entry.name) == (job, family))
    return tuple({view.flow.name: view.flow for view in views if isinstance(view, Count)}.values())


_API = CausedBy.API
_API_HOST = "cryb-api-{n}"

SOURCES: tuple[Source, ...] = (
    Source("api requests", "api", _API_HOST, REQUESTS, CRYB_API, api_lines.requests, caused_by=_API),
    Source(
        "api cache misses",
        "api",
        _API_HOST,
        CACHE,
        CRYB_API,
        api_lines.cache_misses,
        outcomes=("miss",),
        sampling=20,
        caused_by=_API,
    ),
    Source("api chatter", "api", _API_HOST, log_flows.CHATTER, CRYB_API, api_lines.chatter),
    *(
        Source("logins", "auth", _API_HOST, flow, CRYB_API, auth_lines.logins)
        for flow in _flows(CRYB_API, "cryb_auth_attempts_total")
    ),
    *(
        Source("incidents", "auth", _API_HOST, flow, CRYB_API, auth_lines.incidents)
        for flow in _flows(CRYB_API, "cryb_security_incidents_total")
    ),
    Source("nginx access", "nginx", "cryb-nginx-1", REQUESTS, CRYB_API, web_lines.access),
    Source("web pages", "web", "cryb-web-{n}", log_flows.WEB_PAGES, "web", web_lines.pages),
    *(
        Source("worker jobs", "workers", f"cryb-worker-{queue}", ended(queue), CRYB_API, web_lines.jobs)
        for queue in QUEUES
    ),
    Source(
        "slow queries",
        "postgresql",
        "cryb-postgres-1",
        QUERIES,
        CRYB_API,
        database_lines.slow_queries,
        beyond=SLOW_SECONDS,
    ),
    *(
        Source("query errors", "postgresql", "cryb-postgres-1", flow, CRYB_API, database_lines.query_errors)
        for flow in _flows(CRYB_API, "cryb_db_errors_total")
    ),
    *(
        Source("deadlocks", "postgresql", "cryb-postgres-{n}", flow, POSTGRES, database_lines.deadlocks)
        for flow in _flows(POSTGRES, "pg_stat_database_deadlocks")
    ),
    Source(
        "postgres sessions",
        "postgresql",
        "cryb-postgres-{n}",
        log_flows.POSTGRES_SESSIONS,
        POSTGRES,
        database_lines.sessions,
    ),
    Source(
        "postgres checkpoints",
        "postgresql",
        "cryb-postgres-{n}",
        log_flows.POSTGRES_CHECKPOINTS,
        POSTGRES,
        database_lines.checkpoints,
    ),
    Source("redis saves", "redis", "cryb-redis-{n}", log_flows.REDIS_SAVES, REDIS, database_lines.redis_saves),
    Source("syslog", "system", "cryb-node-{n}", log_flows.SYSTEM, NODE, host_lines.system),
    Source("ssh", "security", "cryb-node-{n}", log_flows.SSH, NODE, host_lines.ssh),
)
"""Every kind of log line, in the order in which lines of one millisecond are written."""
