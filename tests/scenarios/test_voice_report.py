"""What users call poor is what the API makes of the report that they post. Locust patches sockets: another process."""

from __future__ import annotations

import json
import subprocess
import sys

from simulator.resources import shipped

DRIVER = """
import itertools, json, sys
sys.path.insert(0, sys.argv[1])
from _voice_report import quality, reasons
from simulator.api.areas.voice import Quality, _sample
from simulator.media.messages import Report

BASE = {name: None for name, field in Report.model_fields.items() if field.is_required()}
BASE |= dict(session="s", room="r", final=False, at_ms=0, seconds=10.0, connected=True, packets_sent=500,
    bytes_sent=86000, packets_duplicate=0, packets_reordered=0, bytes_received=0, talkers=1, behind=False, mos=3.0)
found = []
grid = itertools.product((40, 400), (0, 10, 20, 21, 200), (0, 1, 11), (3.0, 101.0), (60.0, 801.0, None), (90.0, 401.0))
for expected, lost, late, jitter, trip, delay in grid:
    lost = min(lost, expected)
    received = expected - lost
    report = Report(**BASE | dict(packets_expected=expected, packets_received=received, packets_lost=lost,
        packets_late=min(late, received), jitter_ms=jitter, round_trip_ms=trip, delay_ms=delay))
    body = json.loads(json.dumps(quality(report, "wifi")))
    heard = _sample(Quality.model_validate(body), 10_000)
    found.append((list(reasons(report)), list(heard.issues())))
print(json.dumps(found))
"""


def test_users_and_api_find_the_same_calls_poor():
    argv = [sys.executable, "-c", DRIVER, str(shipped("scenarios"))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    pairs = json.loads(done.stdout)
    assert len(pairs) == 360
    assert all(user == api for user, api in pairs)
    assert {tuple(user) for user, _ in pairs} >= {(), ("packet_loss",), ("jitter",), ("latency",)}
