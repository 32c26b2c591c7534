"""Lines of what stands before the API and beside it: nginx, the web servers, the workers (contract, section 7)."""

from __future__ import annotations

from typing import Final

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
    '{"level":"${level}","time":"${time.iso}","pid":1,"hostname":"${host}","msg":"job ${state}","queue":"${queue}",'
    '"jobId":"${int.100000.99999999/job}","attempt":${attempt},"duration":${duration.ms},"service":"workers"'
)
_JOB_ERROR: Final = ',"error":"${failure.message}"'


def access(row: Row) -> tuple[Line, ...]:
    """nginx passes every request on to the API and logs what came back."""
    return (Line(_ACCESS.replace("${url}", url(row)), {"method": row["method"], "status": row["code"]}),)


def pages(row: Row) -> tuple[Line, ...]:
    """A page that a web server delivered."""
    level = level_of(row["status"])
    path = url({"route": row["page"], "method": "GET"})
    template = _PAGE.replace("${level}", level).replace("${url}", path).replace("${method}", "GET")
    return (Line(template, {"level": level, "method": "GET", "status": row["status"]}),)


def jobs(row: Row) -> tuple[Line, ...]:
    """A background job that ended, well or not."""
    level = "error" if row["state"] == "failed" else "info"
    rest = (_JOB_ERROR if level == "error" else "") + "}"
    attempt = "${int.1.5/attempt}" if level == "error" else "1"
    return (Line(_JOB.replace("${level}", level).replace("${attempt}", attempt) + rest, {"level": level}),)
