from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256

import jwt
import pytest

from simulator.api.voice.livekit import NotFromLiveKitError
from simulator.api.voice.rooms import EMPTY_MS, IDLE_MS, Kind
from tests.api.conftest import Harness, MakeApi


@pytest.fixture
def voiced(make_api: MakeApi) -> Harness:
    """An API of a run that has voice load, without rate limits."""
    return make_api(rate_limits=False, scenarios=["voice"])


def voice_channel(api: Harness, index: int = 0) -> str:
    server = api.app.platform.store.seeded_servers[index]
    return next(channel.id for channel in server.channels if channel.type == "VOICE")


def join(api: Harness, number: int, channel: str, **body: object) -> dict[str, object]:
    answer = api.client.post(f"/api/v1/voice/channels/{channel}/join", json=body, headers=api.login(number))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_joining_gives_a_token_that_livekit_would_take(api: Harness):
    channel = voice_channel(api)
    told = join(api, 7, channel, mute=True)
    user = api.app.platform.people.by_number(7)
    claims = jwt.decode(
        told["liveKitToken"], api.app.platform.voice.livekit.secret, algorithms=["HS256"], options={"verify_exp": False}
    )
    assert claims["sub"] == f"user_{user.id}" == told["participantInfo"]["identity"]
    assert claims["video"] == {
        "room": f"channel_{channel}",
        "roomJoin": True,
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": True,
        "hidden": False,
        "recorder": False,
    }
    assert claims["exp"] * 1000 > api.clock.now_ms()
    assert told["roomName"] == f"channel_{channel}"
    assert told["liveKitUrl"] == "ws://api:7880"
    assert told["serverInfo"]["maxParticipants"] == 100
    assert told["serverInfo"]["currentParticipants"] == 1
    assert told["voiceState"]["muted"] is True
    assert told["mediaRelay"] is None  # this one was started without media
    assert told["backupUrls"] == []


def test_who_may_not_join(api: Harness):
    headers = api.login(7)
    text = next(one.id for one in api.app.platform.store.seeded_servers[0].channels if one.type == "TEXT")
    # account 7 belongs to the servers 0, 7, 22 and 6 by rule
    foreign = voice_channel(api, 1)
    for channel, status in ((text, 400), (foreign, 403), ("nowhere", 404)):
        answer = api.client.post(f"/api/v1/voice/channels/{channel}/join", json={}, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.json()["success"] is False
    assert api.client.post(f"/api/v1/voice/channels/{text}/join", json={}).status_code == 401
    bad = api.client.post(f"/api/v1/voice/channels/{text}/join", json={"bandwidth": 10}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "VALIDATION_ERROR")


def test_a_channel_holds_as_many_as_it_says(api: Harness):
    made = api.client.post("/api/v1/servers", json={"name": "Small"}, headers=api.login(1)).json()["server"]
    channel = api.client.post(
        "/api/v1/channels",
        json={"serverId": made["id"], "name": "two", "type": "VOICE", "userLimit": 2},
        headers=api.login(1),
    ).json()["data"]
    assert channel["userLimit"] == 2
    for number in (2, 3, 4):
        api.client.post(f"/api/v1/servers/{made['id']}/join", headers=api.login(number))
    join(api, 2, channel["id"])
    join(api, 3, channel["id"])
    full = api.client.post(f"/api/v1/voice/channels/{channel['id']}/join", json={}, headers=api.login(4))
    assert (full.status_code, full.json()["code"]) == (400, "BAD_REQUEST")
    join(api, 3, channel["id"])  # who is in may come again
    left = api.client.post(f"/api/v1/voice/channels/{channel['id']}/leave", headers=api.login(2))
    assert left.status_code == 200
    join(api, 4, channel["id"])


def test_a_channel_without_a_limit_holds_a_hundred(api: Harness):
    voice, channel = api.app.platform.voice, voice_channel(api)
    room = voice.room_of(api.app.platform.store.channels.get(channel))
    for number in range(1, 101):
        voice.join(api.app.platform.people.by_number(number), room)
    full = api.client.post(f"/api/v1/voice/channels/{channel}/join", json={}, headers=api.login(101))
    assert full.status_code == 400


def test_the_voice_state_follows(api: Harness):
    headers, channel = api.login(7), voice_channel(api)
    assert api.client.patch("/api/v1/voice/state", json={"selfMute": True}, headers=headers).status_code == 404
    join(api, 7, channel)
    changed = api.client.patch("/api/v1/voice/state", json={"selfMute": True, "deaf": True}, headers=headers)
    assert changed.json()["data"]["selfMute"] is True
    seen = api.client.get(f"/api/v1/voice/channels/{channel}/participants", headers=api.login(8)).json()["data"]
    assert seen["count"] == 1
    (only,) = seen["participants"]
    assert (only["selfMute"], only["deafened"], only["selfDeaf"]) == (True, True, False)
    assert api.client.post(f"/api/v1/voice/channels/{channel}/leave", headers=headers).status_code == 200
    assert api.client.post(f"/api/v1/voice/channels/{channel}/leave", headers=headers).status_code == 404


def test_a_call_is_counted_when_it_is_over(voiced: Harness):
    channel = voice_channel(voiced)
    join(voiced, 7, channel)
    assert voiced.total("cryb_voice_calls_active", type="voice") == 1
    assert voiced.total("cryb_voice_calls_total", type="voice") == 0
    voiced.clock.advance(42_000)
    voiced.client.post(f"/api/v1/voice/channels/{channel}/leave", headers=voiced.login(7))
    assert voiced.total("cryb_voice_calls_active", type="voice") == 0
    assert voiced.total("cryb_voice_calls_total", type="voice") == 1
    assert voiced.total("cryb_voice_calls_poor_quality_total") == 0
    assert voiced.total("cryb_voice_call_duration_seconds_bucket", le="30.0") == 0
    assert voiced.total("cryb_voice_call_duration_seconds_bucket", le="60.0") == 1


def test_without_voice_load_the_calls_are_the_models(api: Harness):
    join(api, 7, voice_channel(api))
    assert not [name for name, _ in api.samples() if name.startswith("cryb_voice")]


def test_another_channel_ends_the_call_in_the_first(voiced: Harness):
    first, second = voice_channel(voiced, 0), voice_channel(voiced, 7)
    join(voiced, 7, first)
    join(voiced, 7, second)
    assert voiced.total("cryb_voice_calls_active", type="voice") == 1
    assert voiced.total("cryb_voice_calls_total", type="voice") == 1


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        ({"audio": {"packetsLost": 6, "packetsReceived": 94}}, "packet_loss"),
        ({"audio": {"jitter": 100.1}}, "jitter"),
        ({"audio": {"latency": 401}}, "latency"),
        ({"connection": {"rtt": 801}}, "latency"),
        ({"audio": {"packetsLost": 5, "packetsReceived": 95, "jitter": 100, "latency": 400}}, None),
        # without packetsReceived: of 50 a second over the 10 s since the join
        ({"audio": {"packetsLost": 26}}, "packet_loss"),
        ({"audio": {"packetsLost": 25}}, None),
    ],
)
def test_one_report_over_a_line_makes_the_call_poor(voiced: Harness, quality: dict[str, object], reason: str | None):
    channel = voice_channel(voiced)
    headers = voiced.login(7)
    room = join(voiced, 7, channel)["roomName"]
    voiced.clock.advance(10_000)
    good = {"audio": {"packetsLost": 0, "jitter": 3, "mosScore": 4.2}, "connection": {"rtt": 60}}
    for told in (quality, good):
        answer = voiced.client.post(
            "/api/v1/voice/quality/report", json={"roomName": room, "quality": told}, headers=headers
        )
        assert answer.status_code == 200
        assert set(answer.json()) >= {"message", "timestamp"}
    voiced.client.post(f"/api/v1/voice/channels/{channel}/leave", headers=headers)
    poor = 0 if reason is None else 1
    assert voiced.total("cryb_voice_calls_poor_quality_total", type="voice") == poor
    status = voiced.client.get("/api/v1/voice/scale/status", headers=headers).json()["data"]
    assert {name for name, count in status["poorCalls"].items() if count} == ({reason} if reason else set())
    assert voiced.total("cryb_voice_call_quality_score_sum", type="voice", codec="opus") == pytest.approx(8.4)


def test_what_was_missed_is_counted_by_the_way_that_packets_came(voiced: Harness):
    headers = voiced.login(7)
    room = join(voiced, 7, voice_channel(voiced))["roomName"]
    for connection, lost in (("wifi", 1), ("carrier pigeon", 3)):
        quality = {"audio": {"packetsLost": lost, "packetsReceived": 100 - lost}}
        quality["connection"] = {"connectionType": connection}
        body = {"roomName": room, "quality": quality}
        voiced.client.post("/api/v1/voice/quality/report", json=body, headers=headers)
    name = "cryb_audio_packet_loss_percent_sum"
    assert voiced.total(name, codec="opus", connection_type="wifi") == pytest.approx(1)
    assert voiced.total(name, codec="opus", connection_type="unknown") == pytest.approx(3)


def test_reports_are_taken_from_who_is_in_the_room(api: Harness):
    headers = api.login(7)
    report = {"roomName": "channel_x", "quality": {}}
    assert api.client.post("/api/v1/voice/quality/report", json=report, headers=headers).status_code == 400
    join(api, 7, voice_channel(api))
    assert api.client.post("/api/v1/voice/quality/report", json=report, headers=headers).status_code == 400
    assert api.client.post("/api/v1/voice/quality/report", json={}, headers=headers).status_code == 400


def test_who_is_silent_for_five_minutes_is_out_and_that_was_a_poor_call(voiced: Harness):
    join(voiced, 7, voice_channel(voiced))
    voiced.clock.advance(IDLE_MS)
    join(voiced, 8, voice_channel(voiced))
    assert voiced.app.platform.voice.rooms.participants == 2
    voiced.clock.advance(1_001)
    voiced.app.platform.voice.sweep()
    assert voiced.app.platform.voice.rooms.participants == 1
    assert voiced.total("cryb_voice_calls_poor_quality_total", type="voice") == 1
    assert voiced.app.platform.voice.poor_reasons["disconnect"] == 1


def test_an_empty_room_goes_after_its_time(api: Harness):
    made = api.client.post("/api/v1/voice/rooms", json={"name": "Lounge"}, headers=api.login(7))
    assert made.status_code == 201
    room_id = made.json()["data"]["room"]["id"]
    user = api.app.platform.people.by_number(7)
    assert room_id.startswith("room_")
    assert room_id.endswith(f"_{user.id}")
    assert made.json()["data"]["roomName"] == f"custom_room_{room_id}"
    path = f"/api/v1/voice/rooms/{room_id}/join"
    assert api.client.post(path, headers=api.login(8)).status_code == 200
    api.clock.advance(EMPTY_MS[Kind.CUSTOM] + 2_000)  # the participant is out first, then the room's time begins
    api.app.platform.voice.sweep()
    assert api.client.post(path, headers=api.login(8)).status_code == 200
    api.app.platform.voice.leave(api.app.platform.voice.rooms.of(api.app.platform.people.by_number(8).id))
    api.clock.advance(EMPTY_MS[Kind.CUSTOM] + 2_000)
    api.app.platform.voice.sweep()
    assert api.client.post(path, headers=api.login(8)).status_code == 404


def test_a_custom_room_is_full_at_its_limit(api: Harness):
    for limit, status in ((1, 422), (51, 422), (2, 201)):
        body = {"name": "Lounge", "maxParticipants": limit}
        made = api.client.post("/api/v1/voice/rooms", json=body, headers=api.login(7))
        assert made.status_code == status
    path = f"/api/v1/voice/rooms/{made.json()['data']['room']['id']}/join"
    found = [api.client.post(path, headers=api.login(number)).status_code for number in (7, 8, 9)]
    assert found == [200, 200, 400]


def test_a_direct_call_is_for_two(voiced: Harness):
    target = voiced.app.platform.people.by_number(8)
    headers = voiced.login(7)
    assert voiced.client.post("/api/v1/voice/video/call", json={}, headers=headers).status_code == 400
    made = voiced.client.post("/api/v1/voice/video/call", json={"targetUserId": target.id}, headers=headers)
    assert made.status_code == 201
    call = made.json()["data"]
    assert call["roomName"] == f"video_call_{call['callId']}"
    assert call["callType"] == "direct"
    path = f"/api/v1/voice/video/join/{call['callId']}"
    assert voiced.client.post(path, json={}, headers=voiced.login(9)).status_code == 403
    answered = voiced.client.post(path, json={"videoEnabled": False}, headers=voiced.login(8))
    assert len(answered.json()["data"]["participants"]) == 2
    assert answered.json()["data"]["callInfo"]["callType"] == "direct"
    assert voiced.client.post("/api/v1/voice/video/join/call_1_x", json={}, headers=headers).status_code == 404
    assert voiced.total("cryb_voice_calls_active", type="video") == 1
    assert voiced.total("cryb_voice_calls_active", type="voice") == 1
    inbox = voiced.client.get("/api/v1/notifications/notifications", headers=voiced.login(8)).json()
    assert [one["type"] for one in inbox["notifications"]] == ["VIDEO_CALL", "system"]


def test_a_channel_call_is_for_members(api: Harness):
    foreign = {"callType": "channel", "channelId": voice_channel(api, 1)}
    assert api.client.post("/api/v1/voice/video/call", json=foreign, headers=api.login(7)).status_code == 403
    mine = {"callType": "channel", "channelId": voice_channel(api, 7)}
    made = api.client.post("/api/v1/voice/video/call", json=mine, headers=api.login(7))
    assert made.status_code == 201
    path = f"/api/v1/voice/video/join/{made.json()['data']['callId']}"
    assert api.client.post(path, json={}, headers=api.login(37)).status_code == 200  # 37 % 30 = 7
    assert api.client.post(path, json={}, headers=api.login(8)).status_code == 403


def test_a_screen_is_a_call_of_its_own(voiced: Harness):
    headers, channel = voiced.login(7), voice_channel(voiced)
    room = f"channel_{channel}"
    start = {"roomName": room, "frameRate": 30}
    assert voiced.client.post("/api/v1/voice/screen-share/start", json=start, headers=headers).status_code == 404
    join(voiced, 7, channel)
    join(voiced, 8, channel)
    shared = voiced.client.post("/api/v1/voice/screen-share/start", json=start, headers=headers)
    identity = shared.json()["data"]["identity"]
    assert shared.json()["data"]["settings"] == {"quality": "auto", "frameRate": 30, "audio": False}
    assert (
        voiced.client.post("/api/v1/voice/screen-share/start", json=start, headers=voiced.login(9)).status_code == 403
    )
    stop = {"roomName": room, "screenShareIdentity": identity}
    assert voiced.client.post("/api/v1/voice/screen-share/stop", json=stop, headers=voiced.login(8)).status_code == 403
    assert voiced.client.post("/api/v1/voice/screen-share/stop", json=stop, headers=headers).status_code == 200
    assert voiced.client.post("/api/v1/voice/screen-share/stop", json=stop, headers=headers).status_code == 404
    assert voiced.total("cryb_voice_calls_total", type="screen_share") == 1
    assert voiced.total("cryb_voice_calls_active") == 2


def test_the_state_of_voice(api: Harness):
    headers = api.login(7)
    join(api, 7, voice_channel(api))
    active = api.client.get("/api/v1/voice/calls/active", headers=headers).json()["data"]
    assert [room["currentParticipants"] for room in active["activeRooms"]] == [1]
    assert active["totalRooms"] == 1
    assert active["userVoiceStates"][0]["channelId"] == voice_channel(api)
    assert api.client.get("/api/v1/voice/calls/active").status_code == 401
    health = api.client.get("/api/v1/voice/health")
    assert health.status_code == 200
    assert set(health.json()) == {"status", "livekit", "scale", "errors"}
    assert health.json()["livekit"]["rooms"] == 1
    assert health.json()["errors"] == {"recentErrorRate": 0.0, "totalErrors": 0}


def test_a_token_for_a_room_or_for_where_one_is(api: Harness):
    headers, secret = api.login(7), api.app.platform.voice.livekit.secret
    join(api, 7, voice_channel(api))
    for query, room in (({}, f"channel_{voice_channel(api)}"), ({"roomName": "custom_room_x"}, "custom_room_x")):
        told = api.client.get("/api/v1/voice/token", params=query, headers=headers).json()["data"]
        claims = jwt.decode(told["token"], secret, algorithms=["HS256"], options={"verify_exp": False})
        assert told["roomName"] == claims["video"]["room"] == room
        assert told["url"] == "ws://api:7880"


def test_a_webhook_has_to_be_livekits(api: Harness):
    body = json.dumps({"event": "participant_joined", "room": {"name": "channel_x"}}).encode()
    livekit, now = api.app.platform.voice.livekit, api.clock.now_ms() // 1000
    claims = {"iss": livekit.api_key, "nbf": now, "exp": now + 300, "sha256": b64encode(sha256(body).digest()).decode()}
    signed = jwt.encode(claims, livekit.secret, algorithm="HS256")
    post = lambda content, header: api.client.post(  # noqa: E731 - three calls
        "/api/v1/voice/webhook", content=content, headers={"authorization": header}
    )
    assert post(body, signed).json() == {"received": True}
    assert post(body, "").status_code == 401
    assert post(body.replace(b"channel_x", b"channel_y"), signed).status_code == 401
    api.clock.advance(301_000)
    assert post(body, signed).status_code == 401
    with pytest.raises(NotFromLiveKitError, match="secret"):
        livekit.check_webhook(b"Bearer x.y.z", body)
