"""The way of a request through the API: what every answer carries, what is counted, what faults do."""

from __future__ import annotations

import orjson
import pytest

from simulator.api.access_log import AccessLog
from simulator.api.app import LARGEST_BODY
from simulator.api.endpoints import ENDPOINTS
from simulator.catalog.routes import BY_KEY
from simulator.units import MINUTE

V1 = "/api/v1"


def fault(kind: str, **more: object) -> dict[str, object]:
    return {"id": "broken", "kind": kind, "at": "1m", "for": "5m", **more}


def test_every_route_of_the_contract_is_served():
    assert sorted((one.route.method, one.route.path) for one in ENDPOINTS) == sorted(BY_KEY)


def test_every_error_of_the_global_handler_has_its_envelope(api):
    answers = {
        401: api.client.get(f"{V1}/auth/me"),
        422: api.client.get(f"{V1}/posts?limit=0"),
        400: api.client.post(f"{V1}/auth/login", content=b"{"),
        404: api.client.get(f"{V1}/messages/gone", headers=api.login()),
    }
    for status, answer in answers.items():
        body = answer.json()
        assert answer.status_code == body["statusCode"] == status
        assert body["success"] is False
        assert {"error", "code", "details", "timestamp", "path", "method"} <= set(body)
        assert body["details"]["requestId"] == answer.headers["x-request-id"]
        assert answer.headers["x-response-time"].endswith("ms")


def test_an_unknown_route_has_a_form_and_a_label_of_its_own(api):
    answer = api.client.get(f"{V1}/nothing/here?x=1")
    assert answer.status_code == 404
    assert set(answer.json()) == {"success", "error", "message"}
    assert api.client.put("/health").status_code == 404
    assert api.client.request("BREW", "/pot").status_code == 404
    assert api.total("http_requests_total", route="unmatched", code="404") == 3
    assert api.total("http_requests_total", method="OTHER") == 1


def test_the_route_label_is_the_pattern(api):
    api.client.get(f"{V1}/posts/abc/")
    api.client.get(f"{V1}/posts/def?x=1")
    assert api.total("http_requests_total", route=f"{V1}/posts/:id", code="404") == 2
    assert api.total("cryb_api_calls_total", endpoint=f"{V1}/posts/:id", version="v1") == 2


def test_requests_made_are_requests_counted(api):
    mine = api.login()
    made = 1
    for path in ("/health", f"{V1}/posts", f"{V1}/posts/x", "/nowhere", f"{V1}/auth/me", f"{V1}/posts?limit=0"):
        for headers in (mine, {}):
            api.client.get(path, headers=headers)
            made += 1
    api.client.get("/metrics")
    api.client.get("/metrics?format=prometheus")
    assert api.total("http_requests_total") == made
    assert api.total("http_request_duration_seconds_count") == made
    assert api.total("http_request_duration_seconds_bucket", le="+Inf") == made
    assert api.total("http_request_size_bytes_count") == made
    assert api.total("http_response_size_bytes_count") == made
    assert api.total("http_requests_total", route="/metrics") == 0
    assert api.total("http_requests_in_flight") == 0


def test_buckets_are_the_contracts(api):
    api.client.get("/health")
    bounds = {dict(labels)["le"] for (name, labels) in api.samples() if name == "http_request_duration_seconds_bucket"}
    assert bounds == {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"}


def test_head_is_get_without_a_body_to_speak_of(api):
    assert api.client.head("/health").status_code == 200
    assert api.total("http_requests_total", method="HEAD", route="/health") == 1


def test_large_answers_are_compressed_and_sizes_are_those_before(api):
    answer = api.client.get(f"{V1}/posts", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert api.total("http_response_size_bytes_sum", route=f"{V1}/posts") == len(answer.content)
    assert "content-encoding" not in api.client.get("/health", headers={"accept-encoding": "gzip"}).headers


def test_bodies_over_the_limit_are_refused_before_they_are_read(api):
    answer = api.client.post(f"{V1}/auth/login", content=b"x", headers={"content-length": str(LARGEST_BODY + 1)})
    assert answer.status_code == 413


def test_a_mistake_in_a_handler_is_a_500_that_is_counted_and_told(api, capsys):
    mine = api.login()
    api.app.platform.store.seeded_servers.clear()
    answer = api.client.get(f"{V1}/servers", headers=mine)
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "IndexError" not in answer.text
    assert "IndexError" in capsys.readouterr().err
    assert api.total("cryb_errors_total", level="error", service="api") == 1


def test_errors_strike_their_share_and_change_nothing(make_api):
    api = make_api(faults=(fault("http_errors", intensity=0.3),), rate_limits=False)
    mine = api.login()
    before = api.app.platform.store.sizes()
    new = {"communityId": "x", "title": "no such community"}
    assert api.client.post(f"{V1}/posts", json=new, headers=mine).status_code == 400
    api.clock.advance(2 * MINUTE)
    codes = [api.client.get(f"{V1}/posts").status_code for _ in range(600)]
    assert 0.24 < codes.count(500) / len(codes) < 0.36  # 3.2 standard deviations
    assert codes.count(200) + codes.count(500) == len(codes)
    assert api.total("http_requests_total", code="500") == codes.count(500)
    assert api.total("cryb_errors_total", error_type="internal_server_error") == codes.count(500)
    while (answer := api.client.post(f"{V1}/servers", json={"name": "x"}, headers=mine)).status_code != 500:
        pass
    assert answer.json()["code"] == "INTERNAL_SERVER_ERROR"
    assert {api.client.get("/health").status_code for _ in range(50)} == {200}
    api.clock.advance(4 * MINUTE)
    assert {api.client.get(f"{V1}/posts").status_code for _ in range(50)} == {200}
    assert api.app.platform.store.sizes()["posts"] == before["posts"]


def test_the_same_seed_fails_the_same_requests(make_api):
    def codes(instance: str) -> list[int]:
        api = make_api(faults=(fault("http_errors", intensity=0.5),), rate_limits=False, instances=2, instance=instance)
        api.clock.advance(2 * MINUTE)
        return [api.client.get(f"{V1}/posts").status_code for _ in range(40)]

    assert codes("api-1") == codes("api-1")
    assert codes("api-1") != codes("api-2")


def test_a_fault_stays_on_its_route_and_its_instance(make_api):
    narrow = fault("http_errors", target={"route": f"{V1}/search", "instance": "api-2"})
    for instance, expected in (("api-1", 200), ("api-2", 500)):
        api = make_api(faults=(narrow,), rate_limits=False, instances=2, instance=instance)
        api.clock.advance(2 * MINUTE)
        assert api.client.get(f"{V1}/search?q=x").status_code == expected
        assert api.client.get(f"{V1}/posts").status_code == 200


def test_failing_messages_are_failed_messages(make_api):
    api = make_api(faults=(fault("http_errors"),), rate_limits=False)
    mine = api.login()
    api.clock.advance(2 * MINUTE)
    assert api.client.post(f"{V1}/messages", json={}, headers=mine).status_code == 500
    assert api.total("cryb_messages_failed_total", reason="unknown") == 1


def test_latency_delays_its_share_around_its_median(make_api):
    slow = fault("latency", intensity=0.5, parameters={"delay": "800ms"})
    api = make_api(faults=(slow,), rate_limits=False)
    api.client.get(f"{V1}/posts")
    assert api.slept == []
    api.clock.advance(MINUTE)
    began = api.clock.now_ms()
    requests = 0
    while api.clock.now_ms() < began + 4 * MINUTE:
        api.client.get(f"{V1}/posts")
        api.clock.advance(20)
        requests += 1
    assert 0.4 < len(api.slept) / requests < 0.6
    assert 0.7 < sorted(api.slept)[len(api.slept) // 2] < 0.9
    slowest = sorted(api.slept)[round(len(api.slept) * 0.95)]
    assert 1.5 < slowest < 2.3  # 0.8 s × exp(1.645 × 0.5) = 1.82 s
    long = api.total("http_request_duration_seconds_count") - api.total(
        "http_request_duration_seconds_bucket", le="0.1"
    )
    assert long == len(api.slept)


def test_a_slow_database_slows_queries_and_health_says_so(make_api):
    api = make_api(faults=(fault("database_slow", parameters={"delay": "1500ms"}),), rate_limits=False)
    mine = api.login()
    api.clock.advance(2 * MINUTE)
    began = api.clock.monotonic()
    assert api.client.get(f"{V1}/auth/me", headers=mine).status_code == 200
    assert api.clock.monotonic() - began == pytest.approx(sum(api.slept), abs=0.01)
    assert api.slept
    assert api.total("cryb_db_query_duration_seconds_sum") == pytest.approx(sum(api.slept), abs=0.01)
    assert api.total("cryb_db_slow_queries_total") == sum(seconds > 1 for seconds in api.slept)
    health = api.client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["checks"]["database"] == "degraded"
    api.clock.advance(5 * MINUTE)
    assert api.client.get("/health").json()["status"] == "healthy"


def test_a_database_that_hangs_is_unhealthy(make_api):
    api = make_api(faults=(fault("database_slow", parameters={"delay": "10s"}),))
    api.clock.advance(2 * MINUTE)
    assert api.client.get("/health").status_code == 503
    assert api.client.get(f"{V1}/status").status_code == 503


def test_seeded_things_are_the_same_on_every_instance(make_api):
    first, second = make_api(instances=2), make_api(instances=2, instance="api-2")
    path = f"{V1}/posts?sort=top"
    assert first.client.get(path).json()["data"] == second.client.get(path).json()["data"]


def test_access_log_lines(make_api, tmp_path):
    file = tmp_path / "api.log"
    with AccessLog(file, "api-1") as log:
        api = make_api(log=log, faults=(fault("http_errors"),))
        api.client.get(f"{V1}/posts?sort=new", headers={"x-forwarded-for": "198.51.100.7, 10.0.0.1"})
        api.client.get("/metrics")
        api.client.get("/nowhere")
        api.clock.advance(2 * MINUTE)
        api.client.get(f"{V1}/posts")
        assert file.read_bytes() == b""  # gathered, not written one by one
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    completed = [line for line in lines if line["msg"] == "request completed"]
    assert [(line["method"], line["status"], line["level"]) for line in completed] == [
        ("GET", 200, "info"),
        ("GET", 404, "warn"),
        ("GET", 500, "error"),
    ]
    first = completed[0]
    assert first["service"] == "api"
    assert first["req"]["url"] == f"{V1}/posts?sort=new"
    assert first["req"]["remoteAddress"] == "198.51.100.7"
    assert first["res"] == {"statusCode": 200}
    assert isinstance(first["duration"], float)
    failed = [line for line in lines if "error" in line]
    assert [line["error"]["code"] for line in failed] == ["INTERNAL_SERVER_ERROR"]
    assert failed[0]["reqId"] == completed[2]["reqId"]


def test_a_client_finds_its_request_in_the_log_by_the_id_that_it_gave(make_api, tmp_path):
    file = tmp_path / "api.log"
    given = ("user-1f.7_a", "two words", "x" * 65, "")
    with AccessLog(file, "api-1") as log:
        api = make_api(log=log)
        for one in given:
            answer = api.client.get(f"{V1}/posts", headers={"x-request-id": one})
            assert (answer.headers["x-request-id"] == one) is (one == given[0])
    logged = [orjson.loads(line)["reqId"] for line in file.read_bytes().splitlines()]
    assert logged[0] == given[0]
    assert set(logged).isdisjoint(given[1:])
    assert len(set(logged)) == len(given)


def test_secrets_are_not_logged(make_api, tmp_path):
    file = tmp_path / "api.log"
    with AccessLog(file, "api-1") as log:
        api = make_api(log=log)
        api.client.get(f"{V1}/auth/me", headers=api.login())
    assert b"Rehearsal" not in file.read_bytes()
    assert b"eyJ" not in file.read_bytes()
