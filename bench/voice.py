"""Voice sessions a core: ours, with quality computed for each, beside SIPp's RTP echo, which computes none.

    python bench/voice.py [--sessions 500] [--seconds 12] [--paced 1000]

Both generators run pinned to one core, what answers them (our relay, SIPp's server) on the other where there is one.
Sessions a core is sessions times seconds over the generator's CPU seconds, with voice 50 times a second both ways.
Ours: rooms of two who always talk. SIPp (Debian: `apt-get install sip-tester`): the same number of calls, each sends a
file of G.711 in packets of 20 ms and has it echoed. Without `sipp` on PATH that part is skipped, and said so.

The pacing error is how late packets left: quantiles over all packets of `--paced` sessions on one core, to a quarter of
an octave, so at most 19 % too high; beside them the p99 of the worst session in a hundred.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from simulator.media.messages import Admit, Count, Counts, Join, Paced, Report, Talk
from simulator.media.processes import Generator, Relay

PACKETS_A_SECOND = 50
PACING_TARGET_MS = 5.0
_CORES = sorted(os.sched_getaffinity(0))

SERVER = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="echo">
  <recv request="INVITE" rrs="true"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
  <recv request="ACK" optional="true" rrs="true"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""

CLIENT = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="talk">
  <send retrans="500"><![CDATA[
INVITE sip:echo@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: talk <sip:talk@[local_ip]:[local_port]>;tag=[call_number]
To: echo <sip:echo@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:talk@[local_ip]:[local_port]
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
ACK sip:echo@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: talk <sip:talk@[local_ip]:[local_port]>;tag=[call_number]
To: echo <sip:echo@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <nop><action><exec rtp_stream="VOICE,1,0,PCMU/8000"/></action></nop>
  <pause milliseconds="MILLISECONDS"/>
  <send retrans="500"><![CDATA[
BYE sip:echo@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: talk <sip:talk@[local_ip]:[local_port]>;tag=[call_number]
To: echo <sip:echo@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""


@dataclass
class Ours:
    """One run of the generator against the relay."""

    reports: list[Report]
    cpu_seconds: float  # of the generator, from its being ready to the last report
    relay_seconds: float
    counts: Counts
    paced: Paced


def cores() -> tuple[set[int], set[int]]:
    """The generator's, and those of what answers."""
    first, *others = _CORES
    return {first}, set(others) or {first}


def cpu(pid: int) -> float:
    return sum(psutil.Process(pid).cpu_times()[:2])


def run_ours(sessions: int, seconds: float, talk: Talk) -> Ours:
    """So many sessions in rooms of two."""
    here, there = cores()
    with Relay() as relay, Generator(report_seconds=5.0) as generator:
        os.sched_setaffinity(generator.pid, here)
        os.sched_setaffinity(relay.pid, there)
        os.sched_setaffinity(0, there)
        before, relay_before = cpu(generator.pid), cpu(relay.pid)
        for number in range(sessions):
            relay.send(Admit(session=f"s{number}", room=f"r{number // 2}", ssrc=number + 1))
        for number in range(sessions):
            generator.send(
                Join(
                    session=f"s{number}",
                    relay=relay.address,
                    room=f"r{number // 2}",
                    ssrc=number + 1,
                    seconds=seconds,
                    talk=talk,
                )
            )
        reports: list[Report] = []
        for event in generator.events():
            if isinstance(event, Report) and event.final:
                reports.append(event)
                if len(reports) == sessions:
                    break
        used, relay_used = cpu(generator.pid) - before, cpu(relay.pid) - relay_before
        relay.send(Count())
        counts = next(event for event in relay.events() if isinstance(event, Counts))
        generator.finish()
        paced = next(event for event in generator.events() if isinstance(event, Paced))
    return Ours(reports, used, relay_used, counts, paced)


def run_sipp(sessions: int, seconds: float) -> float | None:
    """CPU seconds of SIPp's client for as many calls; None where a call failed."""
    here, there = cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "voice.ulaw").write_bytes(np.random.default_rng(1).bytes(8_000 * round(seconds + 5)))
        client = CLIENT.replace("VOICE", "voice.ulaw").replace("MILLISECONDS", str(round(1000 * seconds)))
        (folder / "client.xml").write_text(client)
        (folder / "server.xml").write_text(SERVER)
        server = subprocess.Popen(
            ["sipp", "-sf", "server.xml", "-i", "127.0.0.1", "-p", "5070", "-rtp_echo", "-mp", "20000", "-nostdin"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            os.sched_setaffinity(server.pid, there)
            time.sleep(1.0)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = ["sipp", "127.0.0.1:5070", "-sf", "client.xml", "-i", "127.0.0.1", "-p", "5071"]
            command += ["-mi", "127.0.0.1", "-mp", "30000"]
            command += ["-m", str(sessions), "-l", str(sessions), "-r", str(sessions), "-rp", "1000", "-nostdin"]
            taskset = ["taskset", "-c", ",".join(map(str, here))]
            ended = subprocess.run(
                [*taskset, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        finally:
            server.terminate()
            server.wait()
        if ended.returncode:
            print(f"  sipp ended with code {ended.returncode}: {ended.stderr.decode(errors='replace').strip()[-300:]}")
            return None
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tell(title: str, run: Ours, seconds: float) -> float:
    """Print one run of ours; sessions a core."""
    sent = sum(report.packets_sent for report in run.reports)
    heard = sum(report.packets_received for report in run.reports)
    expected = sum(report.packets_expected for report in run.reports)
    lost = sum(report.packets_lost for report in run.reports)
    behind = sum(report.behind for report in run.reports)
    opinions = [report.mos for report in run.reports if report.mos is not None]
    a_core = len(run.reports) * seconds / run.cpu_seconds
    print(f"{title}: {len(run.reports)} sessions of {seconds:g} s")
    print(f"  sent {sent}, heard {heard} of {expected} ({lost} lost), {behind} sessions marked as behind")
    print(
        f"  the generator used {run.cpu_seconds:.2f} CPU s: {run.cpu_seconds / (sent + heard) * 1e6:.2f} µs a packet",
        end="",
    )
    print(f" (either way), {a_core:.0f} sessions a core; the relay {run.relay_seconds:.2f} s")
    if opinions:
        print(f"  MOS of {len(opinions)} sessions, median {statistics.median(opinions):.2f}, least {min(opinions):.2f}")
    over = run.counts.packets_overflowed + run.counts.packets_unsent
    print(f"  {over} times the relay had no room for what arrived, or could not send")
    return a_core


def tell_pacing(run: Ours) -> None:
    """Print how late packets left."""
    paced = run.paced
    if paced.p50_ms is None or paced.p99_ms is None or paced.max_ms is None:
        raise SystemExit("nothing was sent")
    print(f"  of {paced.packets_sent} packets half left within {paced.p50_ms:.2f} ms of their instant,", end=" ")
    print(f"99 % within {paced.p99_ms:.2f} ms, all within {paced.max_ms:.1f} ms")
    each = [report.pacing_p99_ms for report in run.reports if report.pacing_p99_ms is not None]
    print(f"  p99 of the worst session in a hundred: {np.quantile(each, 0.99):.2f} ms")
    reached = "reached" if paced.p99_ms < PACING_TARGET_MS else "not reached"
    print(f"  target: p99 of all packets under {PACING_TARGET_MS:g} ms: {reached}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=500, help="beside SIPp")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each session")
    parser.add_argument("--paced", type=int, default=1000, help="sessions whose pacing is looked at")
    options = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.2f}")
    run_ours(2, 1.0, Talk.ALWAYS)  # compiles

    ours = tell("crybsim", run_ours(options.sessions, options.seconds, Talk.ALWAYS), options.seconds)
    if shutil.which("sipp") is None:
        print("SIPp: not on PATH, no comparison (Debian: apt-get install sip-tester)")
    else:
        used = run_sipp(options.sessions, options.seconds)
        if used is not None:
            theirs = options.sessions * options.seconds / used
            print(f"SIPp: {options.sessions} calls of {options.seconds:g} s used {used:.2f} CPU s: {theirs:.0f} a core")
            print(f"crybsim has {ours / theirs:.2f} times as many sessions a core, each with its jitter buffer and MOS")

    run = run_ours(options.paced, options.seconds, Talk.ALWAYS)
    tell("pacing", run, options.seconds)
    tell_pacing(run)


if __name__ == "__main__":
    main()
