"""Channels, servers and presence: who hears of whom."""

from __future__ import annotations

from simulator.api.realtime.presence import EACH
from simulator.api.realtime.statuses import KEPT_MS, SWEEP_MS, Presences
from simulator.api.realtime.typists import TYPING_MS
from simulator.clock import ManualClock


def test_coming_and_going_is_told_to_the_others_in_a_channel(shared):
    channel = shared.channel().id
    one, other = shared.connect(3), shared.connect(4)
    one.call("channel:join", {"channelId": channel})
    other.call("channel:join", {"channelId": channel})
    joined = one.wait("channel:member_join")
    assert joined["channel_id"] == channel
    assert set(joined["user"]) == {"id", "username", "display_name"}
    other.call("channel:leave", {"channelId": channel})
    assert other.wait("channel:left") == {"channelId": channel}
    assert one.wait("channel:member_leave") == {"channel_id": channel, "user_id": shared.user_id(4)}
    assert other.call("channel:leave", {"channelId": channel})["code"] == "NOT_FOUND"
    one.call("message:create", {"channelId": channel, "content": "x"})
    other.settle()
    assert other.all("message:create") == []
    assert other.all("channel:member_join") == []


def test_typing_stops_by_itself_after_ten_seconds(shared):
    channel = shared.channel().id
    one, other = shared.connect(3), shared.connect(4)
    for user in (one, other):
        user.call("channel:join", {"channelId": channel})
    one.call("channel:typing", {"channelId": channel})
    assert other.wait("channel:typing_start")["user_id"] == shared.user_id(3)
    shared.pass_time(TYPING_MS - 1)
    one.call("channel:typing", {"channelId": channel})  # still does
    shared.pass_time(TYPING_MS - 1)
    other.settle()
    assert other.all("channel:typing_stop") == []
    shared.pass_time(1)
    assert other.wait("channel:typing_stop") == {"channel_id": channel, "user_id": shared.user_id(3)}
    one.call("channel:typing", {"channelId": channel})
    one.call("channel:typing_stop", {"channelId": channel})
    other.wait("channel:typing_stop", times=2)
    shared.pass_time(2 * TYPING_MS)
    one.call("channel:typing", {"channelId": channel})
    one.io.disconnect()
    other.wait("channel:typing_stop", times=3)
    assert one.all("channel:typing_start") == []
    assert len(shared.app.realtime.typing) == 0


def test_a_server_shows_its_state_and_its_members(shared):
    server = shared.app.platform.store.seeded_servers[0]
    one, other = shared.connect(3), shared.connect(4)
    one.call("server:join", {"serverId": server.id})
    state = one.wait("server:state")
    assert state["id"] == server.id
    assert len(state["channels"]) == len(server.channels)
    assert state["_count"]["members"] == server.members
    assert state["roles"]
    other.call("server:join", server.id)
    assert one.wait("presence:update") == {"user_id": shared.user_id(4), "status": "online", "server_id": server.id}
    one.call("server:request_members", {"serverId": server.id, "limit": 3})
    chunk = one.wait("server:members_chunk")
    assert [member["user"]["id"] for member in chunk["members"]] == [shared.user_id(n) for n in (3, 4, 1)]
    assert chunk["members"][1]["presence"]["status"] == "online"
    one.call("server:request_members", {"serverId": server.id, "query": "000042"})
    assert [m["user"]["username"] for m in one.wait("server:members_chunk", times=2)["members"]] == ["user_000042"]
    other.call("server:leave", {"serverId": server.id})
    assert other.wait("server:left") == {"serverId": server.id}
    assert one.wait("presence:update", times=2)["status"] == "offline"
    assert other.call("server:leave", {"serverId": server.id})["code"] == "NOT_FOUND"


def test_everybody_hears_of_presence_and_of_going(shared):
    one, other = shared.connect(3), shared.connect(4)
    second = shared.connect(3)
    activity = {"type": "playing", "name": "chess"}
    one.call("presence:update", {"status": "dnd", "activity": activity})
    for user in (one, other, second):
        told = user.wait("presence:update")
        assert (told["user_id"], told["userId"], told["status"]) == (shared.user_id(3), shared.user_id(3), "dnd")
        assert told["activity"]["name"] == "chess"
        assert {"lastSeen", "deviceType"} <= set(told)
    other.call("presence:request", {"userIds": [shared.user_id(3), shared.user_id(99)]})
    assert [one["status"] for one in other.wait("presence:update_bulk")] == ["dnd", "offline"]
    one.io.emit("heartbeat")
    one.wait("heartbeat_ack")
    shared.hang_up(one)
    shared.tick()
    other.settle()
    assert len(other.all("presence:update")) == 1  # the other socket of the same user is still there
    shared.hang_up(second)
    shared.tick()
    gone = other.wait("presence:update", times=2)
    assert (gone["userId"], gone["status"]) == (shared.user_id(3), "offline")


def test_many_who_go_at_once_are_told_in_a_list(shared):
    other = shared.connect(1)
    many = [shared.connect(number) for number in range(2, EACH + 5)]
    shared.hang_up(*many)
    shared.tick()
    bulk = other.wait("presence:update_bulk")
    told = {one["user_id"] for one in (*bulk, *other.all("presence:update"))}
    assert told == {shared.user_id(number) for number in range(2, EACH + 5)}
    assert len(other.all("presence:update")) == EACH


def test_presence_lasts_while_somebody_is_connected_and_five_minutes_more():
    clock = ManualClock(0)
    presences = Presences(clock)
    presences.put("here", "idle", "web")
    presences.put("away", "online", "web")
    for _ in range(4):
        clock.advance(SWEEP_MS)
        presences.sweep(["here"])
    assert presences.status("here") == "idle"
    assert presences.status("away") == "offline"
    assert len(presences) == 1
    clock.advance(KEPT_MS + SWEEP_MS)
    assert presences.status("here") == "offline"
