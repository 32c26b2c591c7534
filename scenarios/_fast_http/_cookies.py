"""A cookie jar that remembers its answers: the standard library's thinks for longer than the whole rest takes."""

from __future__ import annotations

import time
from http.cookiejar import Cookie, CookieJar, CookiePolicy
from typing import Any

from geventhttpclient.header import Headers
from locust.contrib.fasthttp import FastRequest

_MOST_ANSWERS = 1_000


class Jar(CookieJar):
    """`header_for` tells what `add_cookie_header` would add; every change of the jar makes it think anew."""

    _answers: dict[str, str | None]
    _until = 0.0

    def __init__(self, policy: CookiePolicy | None = None) -> None:
        self._answers = {}
        super().__init__(policy)

    def header_for(self, url: str) -> str | None:
        """The `Cookie` header of a request to a URL (http or https), None without cookies for it."""
        where = url.partition("?")[0]
        if time.time() < self._until and where in self._answers:
            return self._answers[where]
        request = FastRequest(where, headers=Headers())
        self.add_cookie_header(request)
        if len(self._answers) >= _MOST_ANSWERS:
            self._answers.clear()
        self._until = min((one.expires for one in self if one.expires is not None), default=float("inf"))
        answer = self._answers[where] = request.headers.get("Cookie")
        return answer

    def set_cookie(self, cookie: Cookie) -> None:
        self._answers.clear()
        super().set_cookie(cookie)

    def clear(self, *where: Any, **named: Any) -> None:
        self._answers.clear()
        super().clear(*where, **named)

    def set_policy(self, policy: CookiePolicy) -> None:
        self._answers.clear()
        super().set_policy(policy)
