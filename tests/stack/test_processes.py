"""Children: ready lines, orderly ends, and a parent that is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from simulator.errors import InputError, SimulatorError
from simulator.stack.processes import Child, Children, begin_service, spawn, start_service


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", textwrap.dedent(code)]


SLEEPER = python("import time; time.sleep(60)")
STUBBORN = python(
    """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
    time.sleep(60)
    """
)
READY = """
    import json, signal, socket, sys, time
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print("warming up", file=sys.stderr)
    print(json.dumps({"event": "ready", "urls": {"api": url}}), flush=True)
    signal.pause()
"""


@pytest.fixture
def children() -> Iterator[Children]:
    with Children() as kept:
        yield kept


def test_a_service_tells_its_urls(tmp_path: Path, children: Children) -> None:
    service = start_service(python(READY), name="api", log=tmp_path / "logs" / "api.log")
    children.add(service)
    port = int(service.urls["api"].rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    assert service.poll() is None
    assert service.last_lines() == ("warming up",)
    assert service.stop() == -signal.SIGTERM


def test_services_come_up_at_the_same_time(tmp_path: Path, children: Children) -> None:
    """The first waits for what the second does: one after the other, neither would ever be ready."""
    met = tmp_path / "met"
    first = (
        f"import pathlib, time\nwhile not pathlib.Path({str(met)!r}).exists(): time.sleep(0.01)\n"
        + textwrap.dedent(READY)
    )
    second = f"import pathlib\npathlib.Path({str(met)!r}).touch()\n" + textwrap.dedent(READY)
    coming = [
        begin_service(python(code), name=name, log=tmp_path / f"{name}.log")
        for name, code in (("first", first), ("second", second))
    ]
    for service in coming:
        children.add(service)
    assert [service.wait(200).name for service in coming] == ["first", "second"]


def test_a_service_that_refuses_its_input_is_the_users_mistake(tmp_path: Path) -> None:
    argv = python("import sys; print('profile.yaml:3:1: no such fault', file=sys.stderr); sys.exit(2)")
    with pytest.raises(InputError, match=r"emitter ended with code 2: profile\.yaml:3:1: no such fault"):
        start_service(argv, name="emitter", log=tmp_path / "emitter.log")


def test_a_service_that_crashes_shows_its_last_lines(tmp_path: Path) -> None:
    argv = python("print('one line'); raise RuntimeError('lost')")
    with pytest.raises(SimulatorError, match=r"(?s)emitter ended with code 1.*RuntimeError: lost"):
        start_service(argv, name="emitter", log=tmp_path / "emitter.log")


def test_a_service_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    argv = python("import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True); time.sleep(60)")
    log = tmp_path / "api.log"
    with pytest.raises(SimulatorError, match=r"was not ready within 0\.5 s"):
        start_service(argv, name="api", log=log, ready_within_seconds=0.5)
    assert not psutil.pid_exists(int(log.read_text()))


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    child = spawn([tmp_path / "nothing"], name="nothing", log=tmp_path / "nothing.log")
    assert wait_for(lambda: child.poll() is not None)
    assert child.how_it_ended() == f"ended with code 127: {tmp_path}/nothing: No such file or directory"


def test_only_the_main_thread_may_start_children(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            spawn(SLEEPER, name="sleeper", log=tmp_path / "sleeper.log")
        except SimulatorError as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_what_does_not_listen_to_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    child = spawn(STUBBORN, name="stubborn", log=tmp_path / "stubborn.log")
    assert wait_for(lambda: child.last_lines() == ("deaf",))
    assert child.stop(grace_seconds=0.1) == -signal.SIGKILL
    assert child.how_it_ended() == "was killed by SIGKILL"
    assert child.stop() == -signal.SIGKILL  # again is allowed


def test_children_stop_latest_first_even_when_one_stop_fails(tmp_path: Path) -> None:
    order: list[str] = []

    class Recorded(Child):
        def stop(self, grace_seconds: float = 5.0) -> int:
            order.append(self.name)
            return super().stop(grace_seconds)

    def failing() -> None:
        order.append("failing")
        raise OSError("no")

    processes = []
    with pytest.raises(OSError, match="no"), Children() as children:  # noqa: PT012
        for name in ("first", "second"):
            process = subprocess.Popen(SLEEPER)
            processes.append(process)
            children.add(Recorded(name, process, tmp_path / name))
            children.callback(failing) if name == "first" else None
        assert children.ended() == ()
    assert order == ["second", "failing", "first"]
    assert all(process.returncode == -signal.SIGTERM for process in processes)


def test_a_dead_child_is_reported(tmp_path: Path, children: Children) -> None:
    child = spawn(SLEEPER, name="sleeper", log=tmp_path / "sleeper.log")
    children.add(child)
    os.kill(child.pid, signal.SIGKILL)
    assert wait_for(lambda: children.ended() == (child,))


def test_ctrl_c_in_the_terminal_reaches_the_parent_only(tmp_path: Path, children: Children) -> None:
    child = spawn(SLEEPER, name="sleeper", log=tmp_path / "sleeper.log")
    children.add(child)
    assert wait_for(lambda: os.getpgid(child.pid) == child.pid)
    assert os.getsid(child.pid) != os.getsid(0)


def test_lines_of_an_earlier_process_in_the_same_log_are_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("address already in use\n")
    child = spawn(python("print('mine')"), name="x", log=log)
    assert wait_for(lambda: child.poll() is not None)
    assert child.last_lines() == ("mine",)


PARENT = """
    import sys, time
    from pathlib import Path
    from simulator.stack.processes import spawn, start_service
    folder = Path(sys.argv[1])
    service = start_service([sys.executable, "-c", sys.argv[2]], name="api", log=folder / "api.log")
    stubborn = spawn([sys.executable, "-c", sys.argv[3]], name="stubborn", log=folder / "stubborn.log")
    while not stubborn.last_lines():
        time.sleep(0.02)
    print(service.pid, stubborn.pid, service.urls["api"], flush=True)
    time.sleep(60)
"""


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path), textwrap.dedent(READY), STUBBORN[-1]]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        service, stubborn, url = parent.stdout.readline().split()
        port = int(url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        parent.kill()
    assert wait_for(lambda: not psutil.pid_exists(int(service)) and not psutil.pid_exists(int(stubborn)), 5.0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_child_whose_parent_is_already_gone_does_not_start(tmp_path: Path) -> None:
    from simulator.stack import leash

    marker = tmp_path / "ran"
    touch = python(f"open({str(marker)!r}, 'w')")
    somebody_else = str(os.getppid())
    done = subprocess.run([sys.executable, "-I", "-S", leash.__file__, somebody_else, *touch], check=False)
    assert done.returncode == leash.CANNOT_EXECUTE
    assert not marker.exists()


def test_the_ready_line_may_come_after_other_lines(tmp_path: Path, children: Children) -> None:
    message = json.dumps({"event": "ready", "urls": {}})
    argv = python(f"import time; print('hello'); print({message!r}, flush=True); time.sleep(60)")
    service = start_service(argv, name="api", log=tmp_path / "api.log")
    children.add(service)
    assert service.urls == {}
