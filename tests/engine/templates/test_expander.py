"""Templates expanded by us and by promtool, that is, by Go's own package on Prometheus's functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.server import QueryError
from simulator.engine.state import Vector
from simulator.engine.templates import Expander, UnsupportedTemplateError
from simulator.engine.templates.expander import unsupported
from simulator.stack.binaries import Binaries
from simulator.telemetry.samples import Labels, labels_of
from tests.engine.promtool import disagreement

LABELS = {"__name__": "m", "instance": "api-1.example:3001", "path": "/a b&c", "code": "503", "ip": "10.0.0.1:80"}
EXTERNAL = {"cluster": "eu", "replica": "a"}
URL = "http://monitor.example/prometheus"

TEMPLATES = (Path(__file__).parent / "testdata/forms.tmpl").read_text(encoding="utf-8").splitlines()
"""One for each line: every action and function, some of them used wrongly."""

_SERIES = {'m{instance="api-1.example:3001",path="/a b&c",code="503",ip="10.0.0.1:80"}': "value"}
_THREE = {'three{n="2"}': 2.5, 'three{n="10"}': 10.0, 'three{n="1"}': 1.0}


def _query(value: float) -> Expander:
    def query(expr: str, _: int) -> Vector:
        known: dict[str, Vector] = {
            "m": [(labels_of(LABELS), value)],
            "three": [((("__name__", "three"), ("n", n)), v) for n, v in (("1", 1.0), ("10", 10.0), ("2", 2.5))],
            "no_such_series": [],
        }
        if expr not in known:
            raise QueryError("1:5: parse error", always=True)
        return known[expr]

    return Expander(query, EXTERNAL, URL)


def _annotations(templates: list[str]) -> Labels:
    return tuple((f"a{number}", text) for number, text in enumerate(templates))


def _compare(promtool: Path, folder: Path, templates: list[str], value: float) -> None:
    rule = AlertingRule("A", "m", annotations=_annotations(templates))
    ours = {name: _query(value).expand(text, labels_of(LABELS), value, 0) for name, text in rule.annotations}
    failing = {name for name, text in ours.items() if text.startswith("<error expanding template: ")}
    sound = AlertingRule("A", "m", annotations=tuple(a for a in rule.annotations if a[0] not in failing))
    broken = [AlertingRule(f"B{name}", "m", annotations=((name, dict(rule.annotations)[name]),)) for name in failing]
    said = disagreement(
        promtool,
        folder,
        [RuleGroup("g", "r.yml", 30_000, (sound, *broken))],
        {name: [value] for name in _SERIES} | {name: [number] for name, number in _THREE.items()},
        external_labels=EXTERNAL,
        external_url=URL,
        alert_rule_test=[
            {
                "eval_time": "0s",
                "alertname": "A",
                "exp_alerts": [
                    {
                        "exp_labels": {k: v for k, v in LABELS.items() if k != "__name__"},
                        "exp_annotations": {k: v for k, v in ours.items() if k not in failing},
                    }
                ],
            },
            *({"eval_time": "0s", "alertname": rule.name, "exp_alerts": []} for rule in broken),
        ],
    )
    assert "alertname: A," not in said, said
    assert said.count("<error expanding template: error executing template") == len(failing), said


@pytest.mark.stack
@pytest.mark.parametrize("value", [0.0, 7.25, 1234567.891, -0.00012, 1e18, 86461.0])
def test_each_form_expands_as_in_prometheus(binaries: Binaries, tmp_path: Path, value: float) -> None:
    _compare(binaries.promtool.path, tmp_path, TEMPLATES, value)


_FORMATS = st.from_regex(r"%[-+ 0]{0,2}[0-9]{0,2}(\.[0-9]{0,2})?[vsdfegGqtxT]", fullmatch=True)


@pytest.mark.stack
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    formats=st.lists(_FORMATS, min_size=10, max_size=20),
    value=st.floats(allow_nan=False, allow_infinity=False),
)
def test_numbers_print_as_in_go(binaries: Binaries, tmp_path: Path, formats: list[str], value: float) -> None:
    numbers = [
        "{{ $value }}",
        "{{ humanize $value }}",
        "{{ humanize1024 $value }}",
        "{{ humanizeDuration $value }}",
        "{{ humanizePercentage $value }}",
    ]
    printed = [f'{{{{ printf "{form}" {what} }}}}' for form in formats for what in ("$value", '"text"', "42")]
    templates = [text for text in [*numbers, *printed] if _expands(text, value)]
    _compare(binaries.promtool.path, tmp_path, templates, value)


def _expands(text: str, value: float) -> bool:
    try:
        _query(value).expand(text, (), value, 0)
    except UnsupportedTemplateError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ noSuchFunction 1 }}", "function noSuchFunction"),
        ("{{ js $value }}", "function js"),
        ("{{ $value", "the action in '{{ $value'"),
        ("{{ if $value }}", "'if without end' in a template"),
    ],
)
def test_what_we_lack_is_named_before_anything_is_evaluated(text: str, what: str) -> None:
    assert unsupported(text) == what
    with pytest.raises(UnsupportedTemplateError, match=re.escape(what)):
        _query(1.0).expand(text, (), 1.0, 0)


def test_the_external_url_has_no_slash_at_its_end() -> None:
    expander = Expander(lambda expr, at_ms: [], {}, "http://monitor.example/prometheus/")
    expanded = expander.expand("{{ externalURL }} {{ pathPrefix }} {{ $externalURL }}", (), 1.0, 0)
    assert expanded == "http://monitor.example/prometheus /prometheus http://monitor.example/prometheus"


def test_a_method_of_a_time_is_not_guessed_at() -> None:
    with pytest.raises(UnsupportedTemplateError, match="the method Year of a time"):
        _query(1.0).expand("{{ ($value | toTime).Year }}", (), 1.0, 0)
