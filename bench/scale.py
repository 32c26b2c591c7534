"""What so many users at once need of generators: workers, cores, memory, network; writes docs/scale.md's tables.

    python bench/scale.py                     the tables
    python bench/scale.py --write             put them into docs/scale.md

From bench/figures.toml (what one core does) and `simulator.profile.people` (what people do). A worker is one process on
one core, of which it may use `BUSY`, so that its own delays are not in the latencies.
"""

from __future__ import annotations

import argparse
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from simulator.profile import people

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs" / "scale.md"
SIZES = (10_000, 100_000, 1_000_000)
BUSY = 0.7
FAN_OUT = 7.0
"""Members of a room who get a message, on average."""
PORTS = 28_000
"""Connections from one address to one other: Linux's ephemeral ports, 32768 to 60999."""
VOICE_BYTES = 80 + 12 + 8 + 20 + 18
"""Of a packet: Opus at 32 kbit/s for 20 ms, RTP, UDP, IPv4, Ethernet."""
HTTP_BYTES = 6_000
"""Of a request with its answer, compressed."""
MESSAGE_BYTES = 400


@dataclass(frozen=True)
class Figure:
    """What one core does, and how that is known."""

    name: str
    value: float
    measured: bool
    bench: str
    source: str


@dataclass(frozen=True)
class Need:
    """What one scenario needs. `megabits` is both ways together."""

    scenario: str
    load: str
    cores: float
    gibibytes: float
    megabits: float
    connections: float

    @property
    def workers(self) -> int:
        """Processes of one core each, not too busy to measure."""
        return max(1, math.ceil(self.cores / BUSY))


def figures() -> dict[str, Figure]:
    """What bench/figures.toml has."""
    content = tomllib.loads((HERE / "figures.toml").read_text("utf-8"))
    return {name: Figure(name, **entry) for name, entry in content.items()}


def needs(users: int, known: dict[str, Figure]) -> list[Need]:
    """What so many users who are online at once need, scenario by scenario."""
    of = {name: figure.value for name, figure in known.items()}
    requests = users / people.SECONDS_BETWEEN_REQUESTS
    carriers = requests * 5  # one request each in five seconds
    sockets = users * people.SOCKETS_PER_USER
    sent = requests * people.MESSAGES_PER_REQUEST * people.OVER_SOCKETS
    received = sent * FAN_OUT
    talking = users * people.TALKING
    events = (sent * of["socket_microseconds_per_sent"] + received * of["socket_microseconds_per_received"]) / 1e6
    return [
        Need(
            "http",
            f"{requests:,.0f} requests a second",
            requests / of["http_requests_per_core"],
            carriers * of["http_bytes_per_user"] / 2**30,
            requests * HTTP_BYTES * 8 / 1e6,
            carriers,
        ),
        Need(
            "socketio",
            f"{sockets:,.0f} connected, {sent:,.0f} messages a second to {received:,.0f} members",
            sockets / of["socket_listeners_per_core"] + events,
            sockets * of["socket_bytes_per_listener"] / 2**30,
            (sent + received) * MESSAGE_BYTES * 8 / 1e6,
            sockets,
        ),
        Need(
            "voice",
            f"{talking:,.0f} in calls, {talking * 50:,.0f} packets a second each way",
            talking / of["voice_sessions_per_core"],
            talking * of["voice_bytes_per_session"] / 2**30,
            talking * 50 * VOICE_BYTES * 8 * 2 / 1e6,
            0,
        ),
    ]


def tables() -> str:
    """All of it as Markdown."""
    known = figures()
    lines = [
        "| Users online | Scenario | Load | Cores | Workers | Memory, GiB | Network, Mbit/s | Addresses |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for users in SIZES:
        every = needs(users, known)
        for need in every:
            addresses = max(1, math.ceil(need.connections / PORTS)) if need.connections else "–"
            lines.append(
                f"| {users:,} | {need.scenario} | {need.load} | {need.cores:.1f} | {need.workers} | "
                f"{need.gibibytes:.1f} | {need.megabits:,.0f} | {addresses} |"
            )
        lines.append(
            f"| {users:,} | **all** |  | {sum(n.cores for n in every):.1f} | {sum(n.workers for n in every)} | "
            f"{sum(n.gibibytes for n in every):.1f} | {sum(n.megabits for n in every):,.0f} |  |"
        )
    lines += ["", "| One core of a generator | Figure | Known by |", "|---|---|---|"]
    for figure in known.values():
        how = "measured" if figure.measured else "not measured yet"
        lines.append(
            f"| {figure.name.replace('_', ' ')} | {figure.value:,.0f} | {how}: {figure.source} ({figure.bench}) |"
        )
    return "\n".join(lines)


def written(text: str, table: str) -> str:
    """The page with this table between its marks."""
    return re.sub(
        r"(<!-- scale -->\n).*?(\n<!-- /scale -->)", lambda found: found[1] + table + found[2], text, flags=re.S
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    if parser.parse_args().write:
        DOCS.write_text(written(DOCS.read_text("utf-8"), tables()), encoding="utf-8")
    else:
        print(tables())


if __name__ == "__main__":
    main()
