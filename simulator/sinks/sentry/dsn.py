"""Where envelopes go: a DSN, `https://KEY@HOST/PROJECT` (https://develop.sentry.dev/sdk/foundations/transport/authentication/)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TextIO

import httpx

from simulator import __version__
from simulator.errors import InputError, did_you_mean
from simulator.transport import check_host, http_client
from simulator.wire.sentry import CONTENT_TYPE

VARIABLE: Final = "SENTRY_DSN"
"""The platform's own variable, and the usual one."""
TIMEOUT_SECONDS: Final = 15.0
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class Dsn:
    """A project that takes envelopes. `url` has no key in it and may be shown."""

    url: str  # up to the path of the API
    project: str
    key: str = field(repr=False)
    allowed: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """Where envelopes are posted to, from `url` on."""
        return f"/api/{self.project}/envelope/"

    def client(self) -> httpx.Client:
        """A client that is let in; may be used from several threads."""
        auth = f"Sentry sentry_version=7, sentry_client=crybsim/{__version__}, sentry_key={self.key}"
        headers = {
            "User-Agent": f"crybsim/{__version__}",
            "X-Sentry-Auth": auth,
            "Content-Type": CONTENT_TYPE,
            "Content-Encoding": "gzip",
        }
        return http_client(self.url, allowed=self.allowed, headers=headers, timeout=TIMEOUT_SECONDS)


def parse_dsn(text: str, allowed: Collection[str] = (), *, flag: str = "--sentry") -> Dsn:
    """Read a DSN. Raises InputError, which does not show it: the key lets anybody send."""
    wrong = InputError(f"{flag}: that is no DSN; one looks like https://KEY@HOST/PROJECT")
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise wrong from error
    path, _, project = url.path.rpartition("/")
    key = url.username
    if url.scheme not in ("http", "https") or not url.host or not _KEY.fullmatch(key) or not project.isalnum():
        raise wrong
    try:
        check_host(url.host, allowed)
    except InputError as error:
        raise InputError(f"{flag}: {error}") from error
    base = str(url.copy_with(userinfo=b"", path=path or "/", query=None, fragment=None)).rstrip("/")
    return Dsn(base, project, key, frozenset(allowed))


def chosen_dsn(given: str, environment: Mapping[str, str], stdin: TextIO) -> str:
    """The DSN that --sentry means: the name of a variable that holds it, `-` for a line of standard input, or itself.

    Command lines can be read by everybody on the machine, hence the first two. Raises InputError.
    """
    if given == "-":
        line = stdin.readline().strip()
        if not line:
            raise InputError("--sentry -: there is no DSN on standard input")
        return line
    if "://" in given:
        return given
    if not _NAME.fullmatch(given):
        raise InputError(f"--sentry: neither a DSN nor the name of a variable that holds one, such as {VARIABLE}")
    if not environment.get(given):
        likely = [name for name in environment if "DSN" in name.upper()]
        raise InputError(f"--sentry: the environment has no {given}{did_you_mean(given, likely)}")
    return environment[given]
