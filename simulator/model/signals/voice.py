"""Voice and video: who talks, what the network does to it, what it sounds like; and the SFU that carries it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simulator.catalog.voice import (
    BAD_SCORES,
    GOOD_SCORES,
    OVERLOAD_FROM,
    OVERLOAD_JITTER_MS,
    OVERLOAD_LOSS,
    PARTICIPANTS_PER_SFU,
    PATHS,
    POOR_SHARE,
)
from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register
from simulator.model.voice_quality import OPUS, Path, among_calls
from simulator.profile.people import (
    CALL_MEDIAN_SECONDS,
    CALL_SECONDS,
    CALL_SIGMA,
    MOST_AT_PEAK,
    ROOM_SIZE,
    SECONDS_BETWEEN_REQUESTS,
    TALKING,
)

REPORT_SECONDS = 30.0
PACKETS_PER_SECOND = {"incoming": 85.0, "outgoing": 210.0}
"""Of one participant: 50 of audio, and video by those who have it on."""

_PATHS = tuple(
    Path(row.share, row.loss, row.burst, float(row.jitter_ms), float(row.delay_ms)) for row in PATHS.values()
)

_LOSS = (("voice.loss_share", "voice.loss_percent"), ("voice.overload", "livekit.loss_percent"))
_JITTER = (("voice.jitter_share", "voice.jitter_us"), ("livekit.overload", "livekit.jitter_us"))
register(
    {
        **{
            # a report covers 30 s: most see no loss at all, the rest what their path loses
            f"voice.loss.{name}": Spread(100.0 * path.loss, 0.9, "one", _LOSS, tail=0.0, none=path.lossless)
            for name, path in PATHS.items()
        },
        "voice.call": Spread(CALL_MEDIAN_SECONDS, CALL_SIGMA, "one", tail=0.0),
        "livekit.jitter": Spread(5000.0, 0.8, "one", _JITTER, tail=0.0),
        "livekit.rtt": Spread(76.0, 0.5, "one", (("voice.delay_share", "voice.delay_rtt_ms"),), tail=0.0),
        "livekit.room": Spread(700.0, 1.4, "one", tail=0.0),
        "voice.bitrate.360p": Spread(310.0, 0.35, "one", tail=0.0),
        "voice.bitrate.720p": Spread(1450.0, 0.35, "one", tail=0.0),
        "voice.bitrate.1080p": Spread(2500.0, 0.35, "one", tail=0.0),
    }
)


@signal("livekit.share", "ratio", "the part of all voice users that this SFU serves")
def share(m: Moment) -> Floats:
    instances = m.world.instances("livekit")
    alive = m.full(0.0)
    for instance in instances:
        alive = alive + m.of(instance)["instance.serves"]
    here = m["instance.serves"] if m.instance in instances else alive / len(instances)
    return here / np.maximum(alive, 1.0)


@signal(
    "voice.participants_usual",
    "",
    "users in voice rooms, were the SFUs without limit and nobody stayed too long",
    shared=True,
)
def participants_usual(m: Moment) -> Floats:
    places = float(PARTICIPANTS_PER_SFU * len(m.world.instances("livekit")))
    peak = SECONDS_BETWEEN_REQUESTS * m.profile.traffic.peak * m.profile.load.scale
    return m["users.online"] * min(TALKING, MOST_AT_PEAK * places / peak)


@signal("livekit.participants", "", "participants on one SFU")
def participants(m: Moment) -> Floats:
    places = float(PARTICIPANTS_PER_SFU)
    usual = np.minimum(m["voice.participants_usual"] * m["livekit.share"], places)
    return usual + m.fault("sfu_capacity") * (places - usual)


@signal("voice.participants", "", "participants on all SFUs", shared=True)
def all_participants(m: Moment) -> Floats:
    total = m.full(0.0)
    for instance in m.world.instances("livekit"):
        total = total + m.of(instance)["livekit.participants"]
    return total


@signal("livekit.utilization", "ratio", "share of an SFU's places that are taken")
def utilization(m: Moment) -> Floats:
    return m["livekit.participants"] / float(PARTICIPANTS_PER_SFU)


@signal("livekit.overload", "ratio", "how far into its reserve an SFU is: 0 up to 90 % of its places, 1 when full")
def overload(m: Moment) -> Floats:
    return np.maximum((m["livekit.utilization"] - OVERLOAD_FROM) / (1.0 - OVERLOAD_FROM), 0.0)


@signal("voice.overload", "ratio", "the same of the SFUs on average, each weighted by the users it serves", shared=True)
def of_overload(m: Moment) -> Floats:
    total = m.full(0.0)
    for instance in m.world.instances("livekit"):
        total = total + m.of(instance)["livekit.share"] * m.of(instance)["livekit.overload"]
    return total


@signal("livekit.loss_percent", "percent", "packets that an SFU loses, were it full")
def livekit_loss_percent(m: Moment) -> Floats:
    return m.full(100.0 * OVERLOAD_LOSS)


@signal("livekit.jitter_us", "us", "jitter that an SFU adds, were it full")
def livekit_jitter_us(m: Moment) -> Floats:
    return m.full(1000.0 * OVERLOAD_JITTER_MS)


@signal("livekit.refused", "ratio", "share of joins that a full SFU refuses")
def refused(m: Moment) -> Floats:
    return np.maximum((m["livekit.utilization"] - 0.98) / 0.02, 0.0)


@signal("livekit.rooms", "", "rooms on one SFU")
def rooms(m: Moment) -> Floats:
    return m["livekit.participants"] / ROOM_SIZE


@signal("livekit.joins", "1/s", "attempts to join a room")
def joins(m: Moment) -> Floats:
    return m["voice.calls"]


@signal("livekit.rooms_ended", "1/s", "rooms that end")
def rooms_ended(m: Moment) -> Floats:
    return m["voice.calls"] / (2.0 * ROOM_SIZE)


@signal("livekit.packets", "1/s", "packets received and sent by all SFUs")
def packets(m: Moment) -> Floats:
    return (PACKETS_PER_SECOND["incoming"] + PACKETS_PER_SECOND["outgoing"]) * m["voice.participants"]


@signal("livekit.bytes", "bytes/s", "bytes received and sent by all SFUs")
def sent_bytes(m: Moment) -> Floats:
    return 740.0 * m["livekit.packets"]


@signal("voice.packets_lost", "ratio", "share of packets that the network or the SFU loses")
def packets_lost(m: Moment) -> Floats:
    usual = sum(path.share * path.loss for path in PATHS.values())
    faulty = m["voice.loss_share"] * m["voice.loss_percent"] + m["voice.overload"] * m["livekit.loss_percent"]
    return usual + faulty / 100.0


@signal("livekit.packets_lost", "1/s", "packets lost, as the SFUs see it")
def livekit_packets_lost(m: Moment) -> Floats:
    return m["livekit.packets"] * m["voice.packets_lost"]


@signal("livekit.nacks", "1/s", "requests to send packets again")
def nacks(m: Moment) -> Floats:
    return 0.35 * m["livekit.packets_lost"]


@signal("livekit.plis", "1/s", "requests for a whole picture")
def plis(m: Moment) -> Floats:
    return 0.002 * m["voice.participants"] + 0.01 * m["livekit.packets_lost"]


@signal("livekit.stream_reports", "1/s", "reports of streams with jitter and round trip time")
def stream_reports(m: Moment) -> Floats:
    return 1.5 * m["voice.participants"] / 5.0


@signal("livekit.scores", "1/s", "scores that SFUs give to connections")
def scores(m: Moment) -> Floats:
    return m["voice.participants"] / 5.0


@signal("voice.calls", "1/s", "calls, one for each user who takes part", shared=True)
def calls(m: Moment) -> Floats:
    return m["voice.participants_usual"] / CALL_SECONDS


@signal("voice.active_here", "", "calls that go on, as this API instance has set them up")
def active_here(m: Moment) -> Floats:
    return m["voice.participants"] * m["api.share"]


@signal("voice.reports", "1/s", "quality reports of clients in calls")
def reports(m: Moment) -> Floats:
    return m["voice.participants"] / REPORT_SECONDS


@signal("voice.video_reports", "1/s", "quality reports about video streams")
def video_reports(m: Moment) -> Floats:
    return 0.31 * m["voice.reports"]


@signal("voice.loss_share", "ratio", "share of calls whose packets a fault loses")
def loss_share(m: Moment) -> Floats:
    return m.fault("voice_packet_loss")


@signal("voice.loss_percent", "percent", "packets that they lose by it")
def loss_percent(m: Moment) -> Floats:
    return 100.0 * m.worst("voice_packet_loss", "loss")


@signal("voice.jitter_share", "ratio", "share of calls to which a fault adds jitter")
def jitter_share(m: Moment) -> Floats:
    return m.fault("voice_jitter")


@signal("voice.jitter_us", "us", "jitter added to them")
def jitter_us(m: Moment) -> Floats:
    return 1000.0 * m.worst("voice_jitter", "jitter")


@signal("voice.delay_share", "ratio", "share of calls to which a fault adds delay")
def delay_share(m: Moment) -> Floats:
    return m.fault("voice_delay")


@signal("voice.delay_rtt_ms", "ms", "round trip time added to them")
def delay_rtt_ms(m: Moment) -> Floats:
    return 2.0 * m.worst("voice_delay", "delay")


@lru_cache(maxsize=1)
def usual_quality() -> tuple[float, float]:
    """The share of poor calls, and the mean opinion, while nothing is wrong."""
    nothing = np.zeros(1)
    poor, mos = among_calls(OPUS, _PATHS, loss=nothing, burst=np.ones(1), jitter_ms=nothing, delay_ms=nothing)
    return float(poor[0]), float(mos[0])


def _quality(m: Moment, row: int) -> Floats:
    """Share of poor calls (0) or mean opinion (1) over all calls: each combination of faults, weighted by how many
    calls it meets. What the SFU adds meets all."""
    loss, jitter, delay = m["voice.loss_share"], m["voice.jitter_share"], m["voice.delay_share"]
    full = m["voice.overload"]
    disturbed = (loss > 0) | (jitter > 0) | (delay > 0) | (full > 0)
    out = m.full(usual_quality()[row])
    if not disturbed.any():
        return out
    burst = np.maximum(m.worst("voice_packet_loss", "burst"), 1.0)
    mixed = np.zeros(len(m))
    for with_loss in (False, True):
        for with_jitter in (False, True):
            for with_delay in (False, True):
                weight = (loss if with_loss else 1.0 - loss) * (jitter if with_jitter else 1.0 - jitter)
                weight = weight * (delay if with_delay else 1.0 - delay)
                if not weight.any():
                    continue
                network = m["voice.loss_percent"] / 100.0 if with_loss else np.zeros(len(m))
                found = among_calls(
                    OPUS,
                    _PATHS,
                    loss=1.0 - (1.0 - network) * (1.0 - OVERLOAD_LOSS * full),
                    burst=burst,
                    jitter_ms=OVERLOAD_JITTER_MS * full + (m["voice.jitter_us"] / 1000.0 if with_jitter else 0.0),
                    delay_ms=m["voice.delay_rtt_ms"] / 2.0 if with_delay else np.zeros(len(m)),
                )
                mixed = mixed + weight * found[row]
    return np.where(disturbed, mixed, out)


@signal("voice.poor", "ratio", "share of calls rated poor: R below 60")
def poor(m: Moment) -> Floats:
    return _quality(m, 0)


@signal("voice.mos", "", "mean opinion score over all calls, 1 to 4.5")
def mos(m: Moment) -> Floats:
    return _quality(m, 1)


@signal("voice.turns_poor", "ratio", "chance that faults make a call poor that would have been good")
def turns_poor(m: Moment) -> Floats:
    usual_poor, _ = usual_quality()
    return np.maximum((m["voice.poor"] - usual_poor) / (1.0 - POOR_SHARE), 0.0)


@signal("voice.hit_share", "ratio", "share of calls that some fault meets")
def hit_share(m: Moment) -> Floats:
    spared = (1.0 - m["voice.loss_share"]) * (1.0 - m["voice.jitter_share"]) * (1.0 - m["voice.delay_share"])
    return 1.0 - spared * (1.0 - np.minimum(m["voice.overload"] / 0.1, 1.0))


@signal("voice.mos_lost", "", "mean opinion that those calls lose")
def mos_lost(m: Moment) -> Floats:
    _, usual_mos = usual_quality()
    lost = np.maximum(usual_mos - m["voice.mos"], 0.0)
    return np.divide(lost, m["voice.hit_share"], out=np.zeros(len(m)), where=m["voice.hit_share"] > 0)


def _rated(score: str, above: str, below: str) -> None:
    """The chance that a good call gets one of the bad scores: that it is hit, times how near its score is. The
    weights are those of linear interpolation between neighbouring scores, so that the mean is kept."""
    high, value, low = float(above), float(score), float(below)

    @signal(f"voice.rated_{score}", "ratio", f"share of calls whose score of ten falls to {score}")
    def rated(m: Moment) -> Floats:
        _, usual_mos = usual_quality()
        now = 2.0 * (usual_mos - m["voice.mos_lost"])
        rising = (now - low) / (value - low) if low > 0.0 else m.full(1.0)
        near = np.maximum(np.minimum(np.minimum(rising, (high - now) / (high - value)), 1.0), 0.0)
        chance = m["voice.hit_share"] * near
        if above not in BAD_SCORES:
            return chance
        # the score above has taken its calls already
        left = 1.0 - m[f"voice.rated_{above}"]
        return np.minimum(np.divide(chance, left, out=np.zeros(len(m)), where=left > 0), 1.0)


for _score, _above, _below in zip(BAD_SCORES, (GOOD_SCORES[-1], *BAD_SCORES), (*BAD_SCORES[1:], "0"), strict=False):
    _rated(_score, _above, _below)
