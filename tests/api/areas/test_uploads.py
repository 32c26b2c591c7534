"""Files go up as forms, within the contract's sizes, and come back as they were."""

from __future__ import annotations

import hashlib

import pytest

from simulator.api.areas.uploads import AREAS, KEPT_BYTES
from simulator.units import MINUTE

V1 = "/api/v1"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def api(make_api):
    return make_api(rate_limits=False, journeys={"uploader": 1})


@pytest.fixture
def mine(api):
    return api.login(7)


def upload(api, headers, area="attachment", name="cat.png", content=PNG, kind="image/png", **form):
    return api.client.post(f"{V1}/uploads/{area}", files={"file": (name, content, kind)}, headers=headers, **form)


@pytest.mark.parametrize("area", AREAS)
def test_each_area_takes_a_file_and_gives_it_back(api, mine, area):
    kind = "application/pdf" if area == "document" else "image/png"
    made = upload(api, mine, area, kind=kind, data={"options": '{"compress": true}'}).json()["data"]
    assert made["originalName"] == "cat.png"
    assert (made["size"], made["mimeType"], made["bucket"]) == (len(PNG), kind, AREAS[area].bucket)
    assert made["hash"] == hashlib.sha256(PNG).hexdigest()
    assert (made["thumbnailUrl"] is None) == (area == "document")
    assert api.client.get(f"{V1}/uploads/{made['id']}/info", headers=mine).json()["data"] == made
    back = api.client.get(f"{V1}/uploads/{made['id']}/download", headers=mine)
    assert (back.content, back.headers["content-type"]) == (PNG, kind)


def test_several_files_make_a_list_and_large_ones_keep_their_length(api, mine):
    large = bytes(KEPT_BYTES + 1)
    files = [("files", ("a.png", PNG, "image/png")), ("files", ("b.bin", large, "application/octet-stream"))]
    made = api.client.post(f"{V1}/uploads/attachment", files=files, headers=mine).json()["data"]
    assert [one["size"] for one in made] == [len(PNG), len(large)]
    assert api.client.get(f"{V1}/uploads/{made[1]['id']}/download", headers=mine).content == large
    assert api.total("cryb_uploads_total") == 2
    assert api.total("cryb_upload_size_bytes_sum") == len(PNG) + len(large)


def test_only_the_owner_removes_a_file(api, mine):
    made = upload(api, mine).json()["data"]["id"]
    assert api.client.delete(f"{V1}/uploads/{made}", headers=api.login(8)).status_code == 404
    assert api.client.delete(f"{V1}/uploads/{made}", headers=mine).json()["data"] == {"message": "File deleted"}
    assert api.client.get(f"{V1}/uploads/{made}/info", headers=mine).status_code == 404


@pytest.mark.parametrize(
    ("area", "options", "status", "reason"),
    [
        ("avatar", {"content": bytes(AREAS["avatar"].largest + 1)}, 413, "too_large"),
        ("avatar", {"kind": "application/pdf"}, 400, "invalid_type"),
        ("media", {"kind": "application/zip"}, 400, "invalid_type"),
        ("document", {"kind": "video/mp4"}, 400, "invalid_type"),
        ("attachment", {"kind": "application/x-msdownload"}, 400, "invalid_type"),
        ("attachment", {"data": {"options": "{"}}, 400, "invalid_type"),
    ],
)
def test_what_is_refused_is_counted(api, mine, area, options, status, reason):
    assert upload(api, mine, area, **options).status_code == status
    assert api.total("cryb_upload_errors_total", error_type=reason) == 1
    assert api.total("cryb_uploads_total") == 1
    assert api.total("cryb_upload_size_bytes_count") == 0


def test_without_a_file_there_is_no_upload(api, mine):
    for body in ({"data": {"a": "b"}}, {"json": {}}, {"files": {f"f{n}": ("x", b"x") for n in range(11)}}):
        assert api.client.post(f"{V1}/uploads/media", headers=mine, **body).status_code == 400


def test_multipart_may_be_larger_than_other_bodies(api, mine):
    assert upload(api, mine, "media", content=bytes(60 * 1024 * 1024)).status_code == 200
    assert api.client.post(f"{V1}/posts", content=bytes(60 * 1024 * 1024), headers=mine).status_code == 413


def test_a_fault_of_the_object_store_refuses_its_share(make_api):
    fault = {"id": "store", "kind": "upload_failures", "at": "1m", "for": "5m", "intensity": 0.5}
    api = make_api(rate_limits=False, journeys={"uploader": 1}, faults=(fault,))
    headers = api.login()
    assert {upload(api, headers).status_code for _ in range(20)} == {200}
    api.clock.advance(2 * MINUTE)
    statuses = [upload(api, headers).status_code for _ in range(100)]
    assert 25 < statuses.count(503) < 75
    assert statuses.count(503) + statuses.count(200) == 100
    assert api.total("cryb_upload_errors_total", error_type="storage") == statuses.count(503)
    assert api.client.get("/health").json()["checks"]["minio"] == "degraded"


def test_an_outage_of_the_object_store_refuses_all(make_api):
    fault = {"id": "store", "kind": "outage", "target": {"service": "minio"}, "at": "1m", "for": "5m"}
    api = make_api(rate_limits=False, journeys={"uploader": 1}, faults=(fault,))
    headers = api.login()
    assert upload(api, headers).status_code == 200
    api.clock.advance(2 * MINUTE)
    assert {upload(api, headers).status_code for _ in range(5)} == {503}
    api.clock.advance(5 * MINUTE)
    assert upload(api, headers).status_code == 200


def test_without_the_journey_the_model_counts_uploads(make_api):
    api = make_api(rate_limits=False)
    assert upload(api, api.login()).status_code == 200
    assert not [name for name, _ in api.samples() if name.startswith("cryb_upload")]
