"""Socket.IO users against a real python-socketio server: every copy is accounted for, and what the server does wrong is
found exactly."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.load.locust_run import free_port
from simulator.resources import shipped
from tests.load.chat_server import ChatServer, chatting

pytestmark = pytest.mark.slow
SCENARIOS = shipped("scenarios")
TEAM = Path(__file__).parent / "socketio_team.py"
MEMBERS, MESSAGES = 5, 4


@dataclass
class Told:
    """What Locust's statistics say in the end."""

    table: dict[str, int]
    failures: dict[str, int]
    log: str
    rows: list[dict[str, Any]]

    def failed(self, name: str) -> dict[str, int]:
        return {key.partition(": ")[2]: count for key, count in self.failures.items() if key.startswith(f"{name}: ")}


@contextmanager
def locust(
    folder: Path, chat: ChatServer, file: Path, *flags: str, before: Sequence[str] = (), **settings: object
) -> Iterator[subprocess.Popen]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    env |= {"PYTHONPATH": str(SCENARIOS), **{name: str(value) for name, value in settings.items()}}
    argv = [*before, sys.executable, "-m", "locust", "-f", str(file), "--host", chat.url, *flags]
    if "--worker" not in flags:
        argv += ["--headless", "-t", "250s"]
    with subprocess.Popen(
        [*argv, "--json"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not done():
        assert time.monotonic() < deadline, "waited for too long"
        assert process.poll() is None, process.communicate()[1][-2000:]
        time.sleep(0.05)


def ended(process: subprocess.Popen) -> Told:
    """End it, and read what it tells."""
    process.terminate()
    told, log = process.communicate(timeout=250)
    assert process.returncode in (0, 1), log
    rows = json.loads(told[told.rindex("\n[\n") if "\n[\n" in told else 0 :])  # workers tell of nothing first
    errors = re.findall(r"^(\d+) +(SIO .*?)$", log.partition("Error report")[2], re.MULTILINE)
    return Told(
        {f"{row['method']} {row['name']}": row["num_requests"] for row in rows},
        {name.strip(): int(count) for count, name in errors},
        log,
        rows,
    )


def conversation(folder: Path, chat: ChatServer, *flags: str) -> Told:
    """Everybody says everything, hears what there is to be heard, and leaves."""
    settings = {"MEMBERS": MEMBERS, "MESSAGES": MESSAGES}
    with locust(folder, chat, TEAM, "-u", str(MEMBERS), "-r", str(MEMBERS), *flags, **settings) as process:
        wait_for(process, lambda: chat.events["disconnect"] >= MEMBERS)
        return ended(process)


def test_every_message_reaches_every_other_member_once(tmp_path: Path) -> None:
    with chatting() as chat:
        told = conversation(tmp_path, chat)
    assert told.failures == {}
    assert told.table["SIO deliver"] == MEMBERS * MESSAGES * (MEMBERS - 1) == chat.copies
    assert told.table["SIO echo"] == told.table["SIO emit message:create"] == MEMBERS * MESSAGES
    assert told.table["SIO connect"] == told.table["POST /api/v1/auth/login"] == MEMBERS


def test_what_the_server_loses_repeats_or_holds_back_is_found(tmp_path: Path) -> None:
    with chatting(hold={1}, lose={7, 20, 21}, twice={9}) as chat:
        told = conversation(tmp_path, chat)
    assert chat.copies == MEMBERS * MESSAGES * (MEMBERS - 1)
    wrong = {"lost in channel1": 3, "came twice in channel1": 1, "came out of order in channel1": 1}
    assert told.failed("SIO deliver") == wrong
    # a copy that came, even if late, is counted as well as what was wrong with it
    assert told.table["SIO deliver"] == chat.copies + 2
    assert set(told.failures) == {f"SIO deliver: {what}" for what in wrong}
    assert told.table["SIO echo"] == MEMBERS * MESSAGES


@pytest.mark.accept
def test_two_workers_hear_of_each_others_messages(tmp_path: Path) -> None:
    """Their users are in one room: what is lost between them is lost, and what is not is timed by one clock."""
    with chatting(lose={7, 20, 21}) as chat:
        told = conversation(tmp_path, chat, "--processes", "2")
    assert told.failed("SIO deliver") == {"lost in channel1": 3}
    assert told.table["SIO deliver"] == MEMBERS * MESSAGES * (MEMBERS - 1)


@pytest.mark.accept
@pytest.mark.parametrize("ahead_seconds", [-1, 1000])
def test_a_machine_whose_clock_is_another(tmp_path: Path, ahead_seconds: int) -> None:
    """A time namespace stands for the other machine: its monotonic clock is really another."""
    other = ["unshare", "--time", f"--monotonic={ahead_seconds}", "--fork", "--kill-child"]
    if subprocess.run([*other, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs util-linux's unshare, and the right to use it")
    port = str(free_port())
    with chatting(lose={7, 20, 21}) as chat:
        flags = ["-u", str(MEMBERS), "-r", str(MEMBERS), "--master", "--master-bind-host", "127.0.0.1"]
        flags += ["--master-bind-port", port, "--expect-workers", "2"]
        worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
        settings = {"MEMBERS": MEMBERS, "MESSAGES": MESSAGES}
        with (
            locust(tmp_path, chat, TEAM, *flags, **settings) as master,
            locust(tmp_path, chat, TEAM, *worker, **settings),
            locust(tmp_path, chat, TEAM, *worker, before=other, **settings),
        ):
            wait_for(master, lambda: chat.events["disconnect"] >= MEMBERS)
            told = ended(master)
    assert told.failed("SIO deliver") == {"lost in channel1": 3}
    assert told.table["SIO deliver"] == MEMBERS * MESSAGES * (MEMBERS - 1)
    longest = max(row["max_response_time"] for row in told.rows if row["name"] == "deliver")
    assert 0 <= longest < 100_000  # ms; a thousand seconds too many or too few would show


def test_whatever_a_server_answers_is_itemised(tmp_path: Path) -> None:
    """The shipped users, both transports: errors by their code, what is not answered as timed out, limits apart."""
    with chatting(errors={"message:react": "SERVER_ERROR", "message:edit": "NOT_FOUND"}, ping_seconds=1) as chat:
        file = SCENARIOS / "socketio_users.py"
        with locust(tmp_path, chat, file, "-u", "12", "-r", "12") as process:
            wait_for(process, lambda: chat.events["message:create"] >= 20 and chat.events["message:react"] >= 2)
            chat.errors["message:create"] = "RATE_LIMITED"
            limited_from = chat.events["message:create"]
            wait_for(process, lambda: chat.events["message:create"] >= limited_from + 3)
            chat.errors.pop("message:create")
            joined = chat.events["channel:join"]
            asyncio.run_coroutine_threadsafe(chat.hang_up(), chat.loop)
            wait_for(process, lambda: chat.events["channel:join"] >= joined + 12)
            told = ended(process)
    assert set(chat.transports) == {"websocket", "polling"}
    assert told.failed("SIO emit message:react") == {"SERVER_ERROR": chat.events["message:react"]}
    assert told.failed("SIO disconnect") == {"the server disconnected us": 12}
    assert told.failed("SIO emit message:edit") == {}  # the message is gone: an ordinary answer
    assert 1 <= told.table["429 rate limited"] <= chat.events["message:create"] - limited_from
    assert chat.events["connect"] - told.table["SIO connect"] in (0, 1)  # one user drops out every full minute
    assert told.table["SIO heartbeat"] > 0
    assert told.failed("SIO deliver") == {}
    assert told.table["SIO deliver"] <= chat.copies
