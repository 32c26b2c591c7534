"""A real Chromium, driven over a pipe with the DevTools protocol: no port, no driver, nothing downloaded.

https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PATIENCE_SECONDS = 60.0
_ON_THREE_AND_FOUR = """
import os, sys
os.dup2(int(sys.argv[1]), 3)  # where the browser reads commands
os.dup2(int(sys.argv[2]), 4)  # where it answers
os.execv(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str | None:
    """The browser on PATH, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One tab. `events` holds every event since the file that it shows was opened, in order."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.events: list[tuple[str, dict[str, Any]]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command. Raises AssertionError when the browser refuses, TimeoutError when it is silent."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Show a file in a window of that size, and wait until it is drawn."""
        self.look(width=width, height=height, dark=dark)
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        self.wait_for("document.readyState === 'complete'")
        self.settle()

    def look(self, *, width: int, height: int = 900, dark: bool = False, scale: float = 1) -> None:
        """Another window size or colour scheme."""
        phone = width < 600
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        scheme = "dark" if dark else "light"
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression. Raises AssertionError when it throws."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def settle(self) -> None:
        """Wait until two frames have been drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def wait_for(self, condition: str) -> None:
        """Poll until a JavaScript expression is true. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(condition)
            select.select([self._from], [], [], 0.05)

    def press(self, key: str, *, shift: bool = False) -> None:
        """One key, as from a keyboard."""
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            typed = text if kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 if shift else 0, **typed)
        self.settle()

    def mouse(self, kind: str, x: float, y: float, *, buttons: int = 0, clicks: int = 1) -> None:
        """mouseMoved, mousePressed or mouseReleased at a place in the window."""
        button = "left" if buttons or kind == "mouseReleased" else "none"
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=clicks)

    def paper(self) -> bytes:
        """The page printed, as PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])

    def requests(self) -> list[str]:
        """Every address that was asked for over a network (not the file itself, not data: addresses)."""
        asked = [e["request"]["url"] for name, e in self.events if name == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("file:", "data:", "about:"))]

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, exceptions, and what the policy blocked."""
        found = []
        for name, event in self.events:
            if name == "Runtime.exceptionThrown":
                found.append(json.dumps(event["exceptionDetails"]))
            elif name == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(event["args"]))
            elif name == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
                found.append(event["entry"]["text"])
            elif name == "Audits.issueAdded":
                found.append(json.dumps(event["issue"]))
        return found

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError("the browser says nothing")
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                raise EOFError("the browser ended")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message


@contextmanager
def browser(profile: Path, executable: str) -> Iterator[Page]:
    """A browser with a profile folder of its own, which ends with the block."""
    in_child, to_browser = os.pipe()
    from_browser, out_child = os.pipe()
    in_child, out_child = _above_four(in_child), _above_four(out_child)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _ON_THREE_AND_FOUR, str(in_child), str(out_child)),
            *(executable, *FLAGS, f"--user-data-dir={profile}"),
        ],
        pass_fds=(in_child, out_child),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(in_child)
    os.close(out_child)
    try:
        yield Page(to_browser, from_browser)
    finally:
        os.close(to_browser)  # it ends with its pipe
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        os.close(from_browser)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _above_four(descriptor: int) -> int:
    """The same pipe under a number that is neither 3 nor 4."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return moved
