"""JUnit XML: the shape that CI servers read, whatever the texts hold."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from simulator.report import render_junit
from simulator.telemetry.observations import Gap, NotificationReceived
from simulator.verdict import Verdict, Word
from tests.verdict.scene import DISK_FIRED, ONSET, PASSING

# The common JUnit schema: each element's required and optional attributes, and its children in order.
SHAPE: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"hostname"},
        ["properties", "testcase", "system-out"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, {"time"}, ["skipped", "error", "failure"]),
    "failure": ({"message", "type"}, set(), []),
    "error": ({"message", "type"}, set(), []),
    "skipped": (set(), {"message"}, []),
    "system-out": (set(), set(), []),
}


def check_shape(element: ElementTree.Element) -> None:
    required, optional, children = SHAPE[element.tag]
    assert required <= set(element.attrib) <= required | optional
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order)
    for child in element:
        check_shape(child)


def parsed(verdict: Verdict) -> ElementTree.Element:
    root = ElementTree.fromstring(render_junit(verdict).encode())  # noqa: S314 -- our own text
    check_shape(root)
    return root


def test_one_case_for_each_finding_and_one_skipped_for_each_alert_not_graded() -> None:
    scene = PASSING.without(lambda o: isinstance(o, NotificationReceived)).plus(*DISK_FIRED, Gap(ONSET, "api", "died"))
    verdict = scene.judged()
    (suite,) = parsed(verdict)
    cases = suite.findall("testcase")
    assert len(cases) == len(verdict.findings) + len(verdict.not_graded)
    failures = sum(finding.word.is_failure for finding in verdict.findings)
    errors = sum(finding.word is Word.UNOBSERVED for finding in verdict.findings)
    assert failures > 0
    assert errors > 0
    assert len(suite.findall("testcase/failure")) == failures == int(suite.attrib["failures"])
    assert len(suite.findall("testcase/error")) == errors == int(suite.attrib["errors"])
    assert len(suite.findall("testcase/skipped")) == 1 == int(suite.attrib["skipped"])
    assert len(cases) == int(suite.attrib["tests"])
    assert len({case.attrib["name"] for case in cases}) == len(cases)


def test_a_failure_carries_what_was_expected_and_the_evidence() -> None:
    (suite,) = parsed(PASSING.plus(*DISK_FIRED).judged())
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["type"] == "unexpected"
    assert "expected: never fires" in str(failure.text)
    assert 'ALERTS{alertname="DiskAlmostFull"' in str(failure.text)


def test_a_pass_has_no_failure_and_no_error() -> None:
    (suite,) = parsed(PASSING.judged())
    assert suite.attrib["failures"] == suite.attrib["errors"] == "0"
    assert suite.attrib["timestamp"] == "2026-01-05T20:00:00"
    assert suite.attrib["time"] == "720.000"


@given(reason=st.text(st.characters()), source=st.text(st.characters()))
def test_any_text_gives_well_formed_xml(reason: str, source: str) -> None:
    parsed(PASSING.plus(Gap(ONSET, source, reason)).judged())
