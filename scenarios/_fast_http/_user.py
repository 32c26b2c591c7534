"""`FastUser`: Locust's FastHttpUser with the client of this package."""

from __future__ import annotations

from typing import Any

from locust import FastHttpUser
from locust.env import Environment
from locust.exception import StopTest

from ._session import FastSession


class FastUser(FastHttpUser):
    """Write it as a FastHttpUser; every setting of that class is one here.

    from _fast_http import FastUser

    class Visitor(FastUser):
        @task
        def look(self):
            self.client.get("/api/v1/posts", name="posts")
    """

    abstract = True
    client: FastSession

    def __init__(self, environment: Environment) -> None:
        super(FastHttpUser, self).__init__(environment)  # past its own client
        if self.host is None:
            raise StopTest("the users have no host: name one with --host, or in their class")
        self.client = FastSession(self.host, self.environment.events.request, user=self, **self._options())

    def on_stop(self) -> None:
        """Nothing stays open when a user leaves."""
        super().on_stop()
        self.client.close()

    def _options(self) -> dict[str, Any]:
        return {
            "network_timeout": self.network_timeout,
            "connection_timeout": self.connection_timeout,
            "max_redirects": self.max_redirects,
            "max_retries": self.max_retries,
            "insecure": self.insecure,
            "concurrency": self.concurrency,
            "client_pool": self.client_pool,
            "ssl_context_factory": self.ssl_context_factory,
            "headers": self.default_headers,
            "proxy_host": self.proxy_host,
            "proxy_port": self.proxy_port,
        }
