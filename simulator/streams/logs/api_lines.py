"""Lines of the API: requests, their errors, its chatter (contract, section 7)."""

from __future__ import annotations

import re
from typing import Final

from simulator.catalog.exceptions import pool_of
from simulator.streams.logs.line import Line, Row, by_kind

_PARAMETER: Final = re.compile(r":(\w+)")
_QUERIES: Final = {
    "/api/v1/search": "?q=${word.text}&limit=20",
    "/api/v1/search/suggestions": "?q=${word.text}",
    "/api/v1/posts": "?page=${int.1.9/page}&limit=25",
    "/api/v1/channels/:channelId/messages": "?limit=50",
}
_HEAD: Final = '{"level":"${level}","time":"${time.iso}","pid":1,"hostname":"${host}",'
_TRACE: Final = '"trace_id":"${hex.32/trace}","span_id":"${hex.16/span}"'
_COMPLETED: Final = (
    _HEAD
    + '"reqId":"req-${hex.12/request}","req":{"method":"${method}","url":"${url}","hostname":"api.cryb.ai",'
    + '"remoteAddress":"${person.address}","remotePort":${int.1024.65535/port}},"res":{"statusCode":${code}},'
    + '"responseTime":${duration.ms},"msg":"request completed","service":"api","method":"${method}",'
    + '"status":${code},"duration":${duration.ms},'
    + _TRACE
    + "}"
)
_FAILED: Final = (
    _HEAD
    + '"reqId":"req-${hex.12/request}","msg":"${POOL.message}","error":{"name":"${POOL.type}",'
    + '"message":"${POOL.message}","stack":"${POOL.stack}","statusCode":${code},"code":"${POOL.code}"},'
    + '"request":{"id":"req-${hex.12/request}","method":"${method}","url":"${url}","ip":"${person.address}",'
    + '"processingTime":${duration.ms}},"service":"api",'
    + _TRACE
    + "}"
)
_LIMITED: Final = (
    _HEAD
    + '"msg":"rate limit exceeded","key":"rl:auth:${person.address}","ip":"${person.address}","service":"api",'
    + _TRACE
    + "}"
)
_CACHE_MISS: Final = _HEAD + '"msg":"cache miss","key":"posts:list:${hex.8/key}","service":"api",' + _TRACE + "}"


def url(row: Row) -> str:
    """A route with its parameters filled in, as a template: the same event asks for the same things everywhere."""
    route = row["route"]

    def value(match: re.Match[str]) -> str:
        match match[1]:
            case "userId":
                return "${person.id/target}"
            case "username":
                return "${person.name/target}"
            case "name":
                return "${community.name}"
            case name:
                return f"${{id.cuid/{name}}}"

    return _PARAMETER.sub(value, route) + (_QUERIES.get(route, "") if row["method"] == "GET" else "")


def level_of(code: str) -> str:
    """As the API logs: errors of the server are errors, those of the client warnings."""
    return "error" if code >= "500" else "warn" if code >= "400" else "info"


def requests(row: Row) -> tuple[Line, ...]:
    """One completed line a request, one more for what went wrong in it, one for who was turned away."""
    code = row["code"]
    level = level_of(code)
    completed = _COMPLETED.replace("${level}", level).replace("${url}", url(row))
    lines = [Line(completed, {"level": level, "method": row["method"], "status": code})]
    if level == "error":
        failed = _FAILED.replace("${level}", level).replace("${url}", url(row)).replace("POOL", pool_of(code))
        lines.append(Line(failed, {"level": level}))
    elif code == "429":
        lines.append(Line(_LIMITED.replace("${level}", level), {"level": level}))
    return tuple(lines)


def cache_misses(row: Row) -> tuple[Line, ...]:
    """What the API says about a key that was not in the cache."""
    return (Line(_CACHE_MISS.replace("${level}", "debug"), {"level": "debug"}),)


def _chat(text: str) -> str:
    return _HEAD + text + ',"service":"api"}'


chatter = by_kind(
    {
        "cache refreshed": _chat('"msg":"cache refreshed","key":"posts:list:${hex.8/key}","ttl":60'),
        "query planned": _chat('"msg":"query planned","table":"${word.text}","rows":${int.1.500/rows}'),
        "socket heartbeat": _chat('"msg":"socket heartbeat","userId":"${person.id}","latency":${int.8.240/latency}'),
        "slow external call": _chat('"msg":"slow external call","host":"livekit","elapsed":${int.500.4000/latency}'),
        "deprecated field used": _chat('"msg":"deprecated field used","field":"${word.text}","ip":"${person.address}"'),
    }
)
