"""Configurations of Alertmanager, and the copies that a rehearsal makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from simulator.stack.alertmanager_config import Redirected, redirect

DATA = Path(__file__).parent / "testdata"
EVERY_KIND = (DATA / "every-kind-0.25.yml").read_text()
NEWER = (DATA / "newer-kinds.yml").read_text()
SMALL = "route: {receiver: team}\nreceivers:\n  - name: team\n"


def copy_of(original: str, **more: Any) -> Redirected:
    given: dict[str, Any] = {
        "http_url": "http://127.0.0.1:7777",
        "smtp": "127.0.0.1:7725",
        "source": "am.yml",
        "base_dir": DATA,
        "proxy_url": "http://127.0.0.1:7778",
        "ca_file": Path("/run/ca.pem"),
    }
    return redirect(original, **{**given, **more})


def load(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)
