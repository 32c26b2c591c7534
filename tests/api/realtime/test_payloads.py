"""Whatever a client sends is answered by an event: no exception, and the socket goes on."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.api.realtime.events import INVALID_DATA, SERVER_ERROR
from simulator.api.realtime.tables import EVENTS, by_name
from simulator.api.sockets.packets import UNREADABLE, Packet
from tests.api.realtime.conftest import eventually, making

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = sorted({field.alias or name for event in EVENTS for name, field in event.payload.model_fields.items()})
PAYLOADS = JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6)


@pytest.fixture(scope="module")
def one():
    with making() as make:
        live = make()
        yield live, live.connect(3)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(by_name())), PAYLOADS)
def test_any_payload_is_answered_and_the_socket_lives(one, capfd, name, payload):
    _, client = one
    told = by_name()[name].error
    errors = len(client.all(told))
    answer = client.call(name, payload)
    client.settle()
    assert answer["success"] is True or answer["code"] != SERVER_ERROR, answer
    assert len(client.all(told)) == errors + (not answer["success"])
    assert client.io.connected
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "text",
    [
        "2",
        "2{}",
        "2[]",
        "2[1]",
        '2["connect"]',
        '2["disconnect","x"]',
        '2["*"]',
        "2[",
        '2["a\\ud800"]',
        '51-["x",{"_placeholder":true,"num":0}]',
        "4{}",
        "2" + "9" * 5_000 + '["x"]',
        "2" + "[" * 10_000,
    ],
)
def test_a_packet_that_is_no_event_is_told_as_such(one, capfd, text):
    live, client = one
    errors, unknown = len(client.all("error")), live.total("socketio_messages_total", event="unknown")
    client.io.eio.send(text)
    assert client.wait("error", times=errors + 1)["code"] == INVALID_DATA
    client.settle()
    assert live.total("socketio_messages_total", event="unknown") == unknown + 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("raw", ["", "x", "4", "4x", "4[[[[", "b====", "7", "3" + "[" * 5_000, "²", "49", "4²x"])
def test_what_is_not_even_engine_io_closes_the_connection_and_leaves_nothing(one, capfd, raw):
    live, _ = one
    client = live.connect(4)
    client.io.eio.ws.send(raw)
    assert client.over.wait(30)
    eventually(lambda: live.total("socketio_connected_clients") == 1, "only the first to be there")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("body", [b"", b"x", b"4", b"\xff\xfe", b"4[[", b"4" * 200_000, b"\x1e" * 100])
def test_a_polling_body_of_rubbish_hurts_nobody(one, capfd, body):
    live, client = one
    with live.http() as http:
        opened = http.get("/socket.io/?EIO=4&transport=polling").text
        sid = opened.partition('"sid":"')[2].partition('"')[0]
        status = http.post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", content=body).status_code
    assert status in (200, 400)
    client.settle()
    assert capfd.readouterr().err == ""


@given(
    st.text(max_size=40)
    | st.from_regex(r"[0-6]([0-9]{0,3}-)?(/[a-z]*,)?[0-9]{0,5}[\[{\"a-z0-9,}\]]{0,10}", fullmatch=True)
)
def test_every_text_is_read_as_a_packet_that_the_library_can_deal_with(text):
    packet = Packet(encoded_packet=text) if text else Packet(encoded_packet="x")
    assert packet.packet_type in (0, 1, 2, 3)
    if packet.packet_type == 2:
        assert isinstance(packet.data, list)
        assert isinstance(packet.data[0], str)
        assert packet.data[0] not in ("connect", "disconnect")
    assert packet.attachment_count == 0


def test_a_handler_that_breaks_is_told_and_the_socket_lives(one, capfd, monkeypatch):
    live, client = one

    async def break_down(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(live.app.platform.database, "query", break_down)
    answer = client.call("channel:join", {"channelId": live.channel().id})
    assert answer == {"success": False, "error": "Something went wrong", "code": "SERVER_ERROR"}
    client.settle()
    assert client.all("error")[-1]["code"] == SERVER_ERROR
    client.settle()
    assert "broken on purpose" in capfd.readouterr().err
    assert live.total("cryb_errors_total") == 1


def test_unreadable_is_no_name_that_a_client_could_use():
    assert UNREADABLE not in by_name()
    assert Packet(encoded_packet=f'2["{UNREADABLE}"]').data == [UNREADABLE]
