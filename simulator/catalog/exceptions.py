"""What goes wrong inside the API when a request ends with 5xx: groups of exceptions, most frequent first.

A group is what Sentry would call an issue. A few groups make up most reports and the rest are a long tail, as K. Glerum
and others found of Windows Error Reporting ("Debugging in the (Very) Large", SOSP 2009); here by Zipf's law.
Names of modules and codes are the platform's (contract 1.7 and 8); function names are invented.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One frame of a stack. `line` and `column` count from 1."""

    function: str
    file: str
    line: int
    column: int

    @property
    def in_app(self) -> bool:
        return "node_modules" not in self.file and not self.file.startswith("node:")


@dataclass(frozen=True)
class ExceptionGroup:
    """One way to fail. `frames` has the place where it was thrown first, as Node prints a stack."""

    type: str
    message: str
    code: str  # the contract's `code` of the error envelope
    frames: tuple[Frame, ...]

    @property
    def stack(self) -> str:
        """As `error.stack` of Node has it."""
        lines = (f"    at {frame.function} ({frame.file}:{frame.line}:{frame.column})" for frame in self.frames)
        return "\n".join((f"{self.type}: {self.message}", *lines))


_FASTIFY = (
    Frame("preHandlerCallback", "/app/node_modules/fastify/lib/handleRequest.js", 137, 37),
    Frame("process.processTicksAndRejections", "node:internal/process/task_queues", 95, 5),
)
_PRISMA = Frame("RequestHandler.handleRequestError", "/app/node_modules/@prisma/client/runtime/library.js", 122, 6854)
_REDIS = Frame("Socket.<anonymous>", "/app/node_modules/ioredis/built/redis/event_handler.js", 182, 37)
_ELASTIC = Frame("SniffingTransport.request", "/app/node_modules/@elastic/transport/lib/Transport.js", 524, 31)


def _group(kind: str, message: str, code: str, where: str, *under: Frame) -> ExceptionGroup:
    function, file, line = where.split()
    own = Frame(function, f"/app/dist/{file}.js", int(line), 17)
    return ExceptionGroup(kind, message, code, (*under, own, *_FASTIFY))


_I, _D, _S = "INTERNAL_SERVER_ERROR", "DATABASE_ERROR", "SERVICE_UNAVAILABLE"

FAILURES: tuple[ExceptionGroup, ...] = (
    _group(
        "PrismaClientKnownRequestError",
        "Timed out fetching a new connection from the connection pool",
        _D,
        "PostService.list services/posts 212",
        _PRISMA,
    ),
    _group(
        "TypeError",
        "Cannot read properties of undefined (reading 'channelId')",
        _I,
        "MessageService.create services/messages 88",
    ),
    _group("Error", "Query read timeout", _D, "UserRepository.findById repositories/users 41", _PRISMA),
    _group(
        "PrismaClientKnownRequestError",
        "Transaction failed due to a write conflict or a deadlock",
        _D,
        "VoteService.cast services/votes 57",
        _PRISMA,
    ),
    _group("MaxRetriesPerRequestError", "Reached the max retries per request limit (which is 20)", _I,
           "PresenceService.touch services/presence 33", _REDIS),
    _group("TypeError", "posts.map is not a function", _I, "FeedService.assemble services/feed 140"),
    _group("Error", "read ECONNRESET", _I, "NotificationService.push services/notifications 76"),
    _group("ResponseError", "search_phase_execution_exception", _I, "SearchService.run services/search 65", _ELASTIC),
    _group(
        "RangeError", "Maximum call stack size exceeded", _I, "CommentTree.flatten services/comments 119"
    ),
    _group("Error", "connect ETIMEDOUT 10.0.3.17:9000", _I, "UploadService.presign services/uploads 48"),
    _group("SyntaxError", "Unexpected end of JSON input", _I, "CacheService.get services/cache 29", _REDIS),
    _group(
        "PrismaClientUnknownRequestError",
        "Error occurred during query execution: value too long for type character varying(100)",
        _D,
        "ServerService.create services/servers 91",
        _PRISMA,
    ),
    _group("TypeError", "Invalid time value", _I, "formatSince lib/time 12"),
    _group("Error", "socket hang up", _I, "LiveKitService.token services/voice 54"),
    _group("AssertionError", "expected member to belong to server", _I, "MemberService.role services/members 23"),
    _group("Error", "Session store returned no record", _I, "SessionService.rotate services/sessions 71"),
)  # fmt: skip
"""Behind a 500."""

UNAVAILABLE: tuple[ExceptionGroup, ...] = (
    _group("Error", "connect ECONNREFUSED 10.0.3.11:5432", _S, "Database.connect lib/database 37"),
    _group("Error", "Redis connection is not ready", _S, "RateLimiter.take lib/limits 64", _REDIS),
    _group("ConnectionError", "There are no living connections", _S, "SearchService.run services/search 58", _ELASTIC),
    _group("Error", "sorry, too many clients already", _S, "Database.acquire lib/database 82"),
)
"""Behind a 503."""

ZIPF_EXPONENT = 1.1
FAILURES_POOL, UNAVAILABLE_POOL = "failure", "unavailable"
"""The pools' names, by which a log line and an error event of one request find the same group."""


def pool_of(code: str) -> str:
    """The pool of what is behind a 5xx code."""
    return UNAVAILABLE_POOL if code == "503" else FAILURES_POOL
