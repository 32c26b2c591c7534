"""Cases that every HTTP client of the scenarios has to meet: what a server does, and what is asked of it.

A path's answers are scripts, one for each request to it (the last for all further ones). A script is bytes to send and
words: `close`, `reset` (an abrupt end), `wait` (until the client gives up), `pause` (a moment between two pieces).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import brotli

Script = Sequence[bytes | str]
Call = tuple[str, str, dict[str, Any]]


def answer(status: str, body: bytes = b"", *lines: str) -> bytes:
    """A response with its length."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


@dataclass(frozen=True)
class Difference:
    """A difference that is meant: which of the things seen differ, and why."""

    where: frozenset[str]
    why: str


WORDS = Difference(frozenset({"words"}), "the parser is another, and so are its words")
ONCE = Difference(frozenset({"asked"}), "a new connection that gives no answer is not tried again, ten times over")
LOST = Difference(
    frozenset(
        ["content", "events", "headers", "hops", "json", "ok", "raised", "request", "status", "text", "timed", "url"]
    ),
    "a failed request is reported; FastHttpUser loses it with an exception of its own",
)
TRAILERS = Difference(
    frozenset({"headers", "one header"}), "trailers are no headers; of FastHttpUser's the last is lost"
)
EMPTY = Difference(
    frozenset(["content", "exception", "json", "text", "words"]),
    "nothing is nothing in any encoding (else HEAD always fails)",
)
HEADED = Difference(
    frozenset(["content", "headers", "hops", "json", "status", "text", "timed", "words"]),
    "the status is known, whatever comes after it",
)


def redirect(status: int, location: str, *lines: str) -> bytes:
    return answer(f"{status} Moved", b"over there", f"Location: {location}", *lines)


@dataclass(frozen=True)
class Case:
    """`calls` are made in turn by one user. Ours is seen to be like FastHttpUser's, but for what `differs` says."""

    name: str
    calls: Sequence[Call]
    paths: Mapping[str, Sequence[Script]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    scheme: str = "http"
    login: str = ""  # in the base URL
    differs: Difference | None = None


OK = answer("200 OK", b"fine", "Content-Type: text/plain; charset=utf-8")
JSON = answer("200 OK", b'{"a": [1, "\xc3\xa9"]}', "Content-Type: application/json")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LOREM = b"lorem ipsum " * 500
DEFLATED = zlib.compressobj(wbits=-15)
RAW_DEFLATE = DEFLATED.compress(LOREM) + DEFLATED.flush()
HURRIED = {"network_timeout": 0.4, "connection_timeout": 5.0}


def get(path: str, **named: Any) -> Call:
    return ("GET", path, named)


def post(path: str, **named: Any) -> Call:
    return ("POST", path, named)


def once(
    name: str, *script: bytes | str, differs: Difference | None = None, call: Call | None = None, **options: Any
) -> Case:
    """One GET of one path."""
    return Case(name, [call or get("/x")], {"/x": [script]}, options=options, differs=differs)


def encoded(name: str, encoding: str, body: bytes, differs: Difference | None = None) -> Case:
    return once(name, answer("200 OK", body, f"Content-Encoding: {encoding}"), differs=differs)


FRAMING = [
    Case("keep-alive", [get("/x"), get("/x"), post("/x", data=b"1"), get("/x")], {"/x": [[OK]]}),
    once("chunked in pieces", CHUNKED, "pause", b"3\r\nab", "pause", b"c\r", "pause", b"\n2;x=y\r\nde\r\n0\r\n\r\n"),
    once("chunk trailers", CHUNKED, b"2\r\nab\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n", differs=TRAILERS),
    once("head and body apart", OK[:20], "pause", OK[20:60], "pause", OK[60:]),
    once("a large body", answer("200 OK", LOREM * 200)),
    once("no content", b"HTTP/1.1 204 No Content\r\n\r\n"),
    once("not modified", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nETag: x\r\n\r\n"),
    once("an empty body", answer("200 OK")),
    Case("HEAD", [("HEAD", "/x", {}), ("HEAD", "/x", {}), get("/y")], {"/x": [[OK.split(b"fine")[0]]], "/y": [[OK]]}),
    Case("HEAD of nothing", [("HEAD", "/x", {})], {"/x": [[b"HTTP/1.1 404 Gone\r\nContent-Length: 9\r\n\r\n"]]}),
    once("interim responses", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "pause", OK),
    once("interim and final at once", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK),
    Case("Connection: close", [get("/x"), get("/x")], {"/x": [[answer("200 OK", b"a", "Connection: close"), "close"]]}),
    Case("HTTP/1.0", [get("/x"), get("/x")], {"/x": [[b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "close"]]}),
    Case(
        "HTTP/1.0 kept alive",
        [get("/x"), get("/x")],
        {"/x": [[b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na"]]},
    ),
    once("headers twice", answer("200 OK", b"", "X-A: 1", "x-a: 2", "X-Empty:", "X-Latin: \xe9".encode().decode())),
]

ENCODINGS = [
    encoded("gzip", "gzip", gzip.compress(LOREM)),
    encoded("GZIP in capitals", "GZIP", gzip.compress(LOREM)),
    encoded("deflate", "deflate", zlib.compress(LOREM)),
    encoded("deflate without its frame", "deflate", RAW_DEFLATE),
    encoded("br", "br", brotli.compress(LOREM)),
    encoded("identity", "identity", LOREM),
    encoded("gzip that is none", "gzip", b"abc"),
    encoded("gzip, cut short", "gzip", gzip.compress(LOREM)[:-20]),
    encoded("br that is none", "br", b"abc", differs=LOST),
    encoded("an unknown encoding", "zap", b"abc", differs=LOST),
    encoded("gzip of nothing", "gzip", b"", differs=EMPTY),
    once("latin-1 by its type", answer("200 OK", b"caf\xe9", "Content-Type: text/html; charset=iso-8859-1")),
    once("text without a charset", answer("200 OK", "café".encode(), "Content-Type: text/plain")),
    once("JSON", JSON),
    once("JSON that is none", answer("200 OK", b"{", "Content-Type: application/json")),
]

STATUSES = [
    once(f"status {code}", answer(f"{code} X", b'{"why": 1}')) for code in (201, 206, 300, 400, 401, 404, 429, 500, 503)
]
STATUSES += [
    once("500 with a body that is no text", answer("500 X", b"\xff\xfe"), differs=LOST),
]

BROKEN = [
    once("cut short", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "close"),
    once("cut short in a chunk", CHUNKED, b"5\r\nab", "close"),
    once("cut short between chunks", CHUNKED, b"2\r\nab\r\n", "close"),
    once("cut short in the head", b"HTTP/1.1 200 OK\r\nContent-Le", "close", differs=WORDS),
    once("an interim response and no other", b"HTTP/1.1 103 Early Hints\r\n\r\n", "close", differs=WORDS),
    once("closed without an answer", "close", differs=ONCE),
    once("a POST closed without an answer", "close", call=post("/x", data=b"1")),
    once("reset without an answer", "reset", differs=ONCE),
    once("reset in the body", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "pause", "reset"),
    once("another protocol", b"SSH-2.0 hello\r\n", "close", differs=WORDS),
    once("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "close", differs=WORDS),
    once("a bad chunk", CHUNKED, b"zz\r\nab\r\n", "close", differs=HEADED),
    once("no answer in time", "wait", **HURRIED),
    once("no answer in time to a POST", "wait", call=post("/x", json={}), **HURRIED),
    once("a body that stops", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "wait", **HURRIED),
    Case("nobody listens", [get("http://127.0.0.1:9/x"), post("http://127.0.0.1:9/x")]),
    Case("closed while idle", [get("/x"), get("/x"), post("/x"), post("/x")], {"/x": [[OK, "close"]]}),
    Case("closed just as it is used again", [get("/x"), get("/x")], {"/x": [[OK], ["close"], [OK]]}),
    Case("so for a POST", [get("/x"), post("/y", data=b"1")], {"/x": [[OK]], "/y": [["close"], [OK]]}),
]

REDIRECTS = [
    Case(
        f"{method} redirected by {code}",
        [(method, "/x", {"data": b"body"} if method == "POST" else {})],
        {"/x": [[redirect(code, "/y?a=1")]], "/y?a=1": [[OK]]},
    )
    for code in (301, 302, 303, 307, 308)
    for method in ("GET", "POST")
]
REDIRECTS += [
    Case("relative", [get("/a/b/c")], {"/a/b/c": [[redirect(302, "../d")]], "/a/d": [[OK]]}),
    Case("not followed", [get("/x", allow_redirects=False)], {"/x": [[redirect(302, "/y")]]}),
    Case("no redirects at all", [get("/x")], {"/x": [[redirect(302, "/y")]]}, options={"max_redirects": 0}),
    Case("round and round", [get("/x")], {"/x": [[redirect(302, "/x")]]}, options={"max_redirects": 3}),
    Case("up to the limit", [get("/x")], {"/x": [[redirect(302, "/x")]] * 3 + [[OK]]}, options={"max_redirects": 3}),
    Case("to another protocol", [get("/x")], {"/x": [[redirect(302, "ftp://example.org/")]]}),
    Case("to an error", [get("/x")], {"/x": [[redirect(302, "/y")]], "/y": [[answer("404 No")]]}),
    Case(
        "credentials stay at home",
        [get("/x", auth=("me", "secret"))],
        {"/x": [[redirect(302, "http://localhost:{port}/y")]], "/y": [[OK]]},
    ),
    Case("credentials go along", [get("/x", auth=("me", "secret"))], {"/x": [[redirect(302, "/y")]], "/y": [[OK]]}),
]

COOKIES = [
    Case(
        "kept and sent",
        [get("/a"), get("/b"), get("/deep/c"), post("/b", headers={"X-A": "1"})],
        {
            "/a": [[answer("200 OK", b"", "Set-Cookie: one=1; Path=/", "Set-Cookie: two=2; Path=/deep; HttpOnly")]],
            "/b": [[OK]],
            "/deep/c": [[OK]],
        },
    ),
    Case(
        "changed and taken away",
        [get("/a"), get("/b"), get("/b"), get("/c"), get("/b")],
        {
            "/a": [[answer("200 OK", b"", "Set-Cookie: one=1; Path=/")]],
            "/b": [[answer("200 OK", b"", "Set-Cookie: one=2; Path=/; Max-Age=1000")]],
            "/c": [[answer("200 OK", b"", "Set-Cookie: one=; Path=/; Max-Age=0")]],
        },
    ),
    Case(
        "set on the way",
        [get("/a"), get("/b")],
        {"/a": [[redirect(302, "/b", "Set-Cookie: one=1; Path=/")]], "/b": [[OK]]},
    ),
    Case(
        "only over TLS",
        [get("/a"), get("/b")],
        {"/a": [[answer("200 OK", b"", "Set-Cookie: s=1; Secure; Path=/")]], "/b": [[OK]]},
    ),
    Case(
        "one's own",
        [get("/a"), get("/b", headers={"Cookie": "mine=1"})],
        {"/a": [[answer("200 OK", b"", "Set-Cookie: one=1; Path=/")]], "/b": [[OK]]},
    ),
    Case(
        "with an error",
        [get("/a"), get("/b")],
        {"/a": [[answer("403 No", b"", "Set-Cookie: one=1; Path=/")]], "/b": [[OK]]},
    ),
]

REQUESTS = [
    once("JSON sent", OK, call=post("/x", json={"a": "é"})),
    once("JSON sent with headers", OK, call=post("/x", json=[], headers={"Accept": "text/plain", "X-A": "b"})),
    once("a form", OK, call=post("/x", data={"a": "1 2", "b": "é"})),
    once("text", OK, call=post("/x", data="é")),
    once("text of a type", OK, call=("PUT", "/x", {"data": "é", "headers": {"content-type": "application/xml"}})),
    once("bytes", OK, call=("PATCH", "/x", {"data": b"\x00"})),
    once("nothing", OK, call=post("/x")),
    once("DELETE with nothing", OK, call=("DELETE", "/x", {})),
    once("OPTIONS", OK, call=("OPTIONS", "/x", {})),
    once("a small method", OK, call=("get", "/x", {})),
    once("a large upload", OK, call=post("/x", data=LOREM * 300)),
    once(
        "headers of one's own",
        OK,
        call=get("/x", headers={"user-agent": "me", "Host": "there", "accept-encoding": "br"}),
    ),
    once("headers of every request", OK, headers={"X-Tenant": "7", "User-Agent": "team"}),
    once(
        "one's own instead of every request's",
        OK,
        call=get("/x", headers={"authorization": "mine"}),
        headers={"Authorization": "everyone's"},
    ),
    Case(
        "one's own and credentials in the base URL",
        [get("/x", headers={"Authorization": "mine"})],
        {"/x": [[OK]]},
        login="me:secret@",
    ),
    once("a header that breaks out", OK, call=get("/x", headers={"X-A": "1\r\nX-B: 2"})),
    Case("parameters", [get("/x", params={"a": "1 2", "b": ["c", "d"]})], {"/x?a=1+2&b=c&b=d": [[OK]]}),
    Case("a path that needs quotes", [get("/ä b?c=ü")], {"/%C3%A4%20b?c=%C3%BC": [[OK]]}),
    Case(
        "credentials in the base URL",
        [get("/x"), get("/x", auth=("a", "b"))],
        {"/x": [[OK]]},
        login="me%40home:s%3Acret@",
    ),
    once("the whole URL", OK, call=get("http://127.0.0.1:{port}/x")),
    once("a stream", OK, call=get("/x", stream=True)),
]

NAMES = [
    once("a name", OK, call=get("/x", name="reading")),
    once("a name for a block", OK, call=get("/x", renamed="a block")),
    once("a name in a block", OK, call=get("/x", renamed="a block", name="my own")),
    once("a context", OK, call=get("/x", context={"a": 1})),
]

NOT_FOUND = answer("404 Not Found", b"none")
CAUGHT = [
    once("taken as it is", OK, call=get("/x", caught="")),
    once("an error taken as it is", NOT_FOUND, call=get("/x", caught="")),
    once("an error that is a success", NOT_FOUND, call=get("/x", caught="success")),
    once("a success that is a failure", OK, call=get("/x", caught="failure")),
    once("a failure by an exception", OK, call=get("/x", caught="failure by exception")),
    once("a mistake in the block", OK, call=get("/x", caught="mistake")),
    once("a mistake of the response", OK, call=get("/x", caught="response error")),
    once("success without a block", OK, call=get("/x", caught="without")),
    once(
        "cut short and caught", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "close", call=get("/x", caught="")
    ),
    once("cut short, yet a success", CHUNKED, b"5\r\nab", "close", call=get("/x", caught="success")),
    once("asked to raise", NOT_FOUND, call=get("/x", caught="raise")),
    Case("refused and caught", [get("http://127.0.0.1:9/x", caught="")]),
    once("a block without being asked", OK, call=get("/x", caught="uncaught block")),
    once("by rest()", JSON, call=get("/x", caught="rest")),
    once("by rest(), not JSON", OK, call=get("/x", caught="rest")),
]

TLS = [
    Case(
        "keep-alive over TLS",
        [get("/x"), get("/x"), post("/x", data=LOREM * 100)],
        {"/x": [[answer("200 OK", LOREM * 30)]]},
        scheme="https",
    ),
    Case("closed while idle over TLS", [get("/x"), get("/x"), post("/x")], {"/x": [[OK, "close"]]}, scheme="https"),
    Case(
        "cut short over TLS",
        [get("/x")],
        {"/x": [[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "close"]]},
        scheme="https",
    ),
    Case("until the end over TLS", [get("/x")], {"/x": [[b"HTTP/1.1 200 OK\r\n\r\nabc", "close"]]}, scheme="https"),
    Case(
        "secure cookies",
        [get("/a"), get("/b")],
        {"/a": [[answer("200 OK", b"", "Set-Cookie: s=1; Secure; Path=/")]], "/b": [[OK]]},
        scheme="https",
    ),
    Case("an authority unknown", [get("/x")], {"/x": [[OK]]}, scheme="https", options={"insecure": False}),
    Case("no answer in time over TLS", [get("/x")], {"/x": [["wait"]]}, scheme="https", options=HURRIED, differs=WORDS),
]

CASES = [*FRAMING, *ENCODINGS, *STATUSES, *BROKEN, *REDIRECTS, *COOKIES, *REQUESTS, *NAMES, *CAUGHT, *TLS]
