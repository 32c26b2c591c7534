"""Expositions under other names, sample by sample."""

from __future__ import annotations

from simulator.catalog.reshaped import Shape
from simulator.wire.reshaped import reshaped

TEXT = b"""# HELP x_total The x_total of things
# TYPE x_total counter
x_total{a="1",b="p \\"q\\""} 2
x_total{a="2",b="p \\"q\\""} 3.5
# TYPE gone gauge
gone 1
# TYPE d histogram
d_bucket{a="1",le="1"} 1
d_bucket{a="1",le="+Inf"} 2
d_sum{a="1"} 4
d_count{a="1"} 2
# TYPE other gauge
other{a="1"} 7
"""


def test_renamed_added_up_and_dropped() -> None:
    shapes = {
        "x_total": Shape("y_total", {"a": None, "b": "c"}, (("env", "prod"),)),
        "gone": None,
        "d": Shape("d", {"a": "z"}),
    }
    assert reshaped(TEXT, shapes).decode() == (
        "# HELP y_total The x_total of things\n"
        "# TYPE y_total counter\n"
        'y_total{c="p \\"q\\"",env="prod"} 5.5\n'
        "# TYPE d histogram\n"
        'd_bucket{z="1",le="1"} 1.0\n'
        'd_bucket{z="1",le="+Inf"} 2.0\n'
        'd_sum{z="1"} 4.0\n'
        'd_count{z="1"} 2.0\n'
        "# TYPE other gauge\n"
        'other{a="1"} 7\n'
    )


def test_nothing_to_do_is_nothing_done() -> None:
    assert reshaped(TEXT, {}) == TEXT
