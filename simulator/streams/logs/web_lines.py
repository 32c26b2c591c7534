"""Lines of what stands before the API and beside it: nginx, the web servers, the workers (contract, section 7)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.queues import QUEUES
from simulator.streams.logs.api_lines import level_of, url
from simulator.streams.logs.line import Line, Row

_ACCESS: Final = (
    '${person.address} - - [${time.nginx}] "${method} ${url} HTTP/1.1" ${code} ${size.bytes} "${page.referer}" '
    '"${agent.text}" "-" rt=${duration.s} uct="0.000" uht="${duration.s}" urt="${duration.s}"'
)
_PAGE: Final = (
    '{"level":"${level}","timestamp":"${time.iso}","message":"${method} ${url} ${status}","service":"web",'
    '"method":"${method}","path":"${url}","status":${status},"duration":${duration.ms},'
    '"trace_id":"${hex.32/trace}"}'
)
_JOB: Final = (
    '{"level":"${level}","time":"${time.iso}","pid":1,"hostname":"${host}","msg":"job ${_end}","queue":"${queue}",'
    '"jobId":"${int.100000.99999999/job}","attempt":ATTEMPT,"duration":DURATION,"service":"workers"'
)
_JOB_ERROR: Final = ',"error":"${error_type}: ${failure.message}"'


def access(row: Row) -> tuple[Line, ...]:
    """nginx logs what the API answered to each request passed on to it; for static files its log is off, as usual."""
    return (Line(_ACCESS.replace("${url}", url(row)), {"method": row["method"], "status": row["code"]}),)


def pages(row: Row) -> tuple[Line, ...]:
    """A page that a web server delivered."""
    level = level_of(row["status"])
    path = url({"route": row["page"], "method": "GET"})
    template = _PAGE.replace("${level}", level).replace("${url}", path).replace("${method}", "GET")
    return (Line(template, {"level": level, "method": "GET", "status": row["status"]}),)


def jobs(row: Row) -> tuple[Line, ...]:
    """A job that a worker ended, well or not; it took from a third to three times what such a job takes."""
    failed = row["_end"] == "failed"
    level = "error" if failed else "info"
    mean = 1000.0 * QUEUES[row["queue"]].seconds
    template = _JOB.replace("${level}", level).replace("ATTEMPT", "${int.1.5/attempt}" if failed else "1")
    template = template.replace("DURATION", f"${{int.{round(mean / 3)}.{round(mean * 3)}/duration}}")
    return (Line(template + (_JOB_ERROR if failed else "") + "}", {"level": level}),)
