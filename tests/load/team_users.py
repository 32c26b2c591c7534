"""A team's own Locust users, who never heard of crybsim."""

from __future__ import annotations

from locust import FastHttpUser, HttpUser, constant, task


class Reader(FastHttpUser):
    """Two requests an iteration, and a wait of its own that a plan replaces."""

    host = "http://127.0.0.1:9"
    wait_time = constant(60)

    def on_start(self) -> None:
        body = {"identifier": "team", "password": "secret"}
        self.token = self.client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": "10.0.0.1"}).json()

    @task
    def read(self) -> None:
        headers = {
            "Authorization": f"Bearer {self.token['data']['tokens']['accessToken']}",
            "X-Forwarded-For": "10.0.0.1",
        }
        self.client.get("/api/v1/posts", headers=headers)
        self.client.get("/api/v1/posts/trending", headers=headers, name="trending")


class Searcher(HttpUser):
    """The same over `requests`."""

    wait_time = constant(60)

    @task
    def fail(self) -> None:
        self.client.get("/nowhere")
