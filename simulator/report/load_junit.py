"""A load run as JUnit XML, for CI: one test case for each thing that was judged."""

from __future__ import annotations

from simulator.clock import rfc3339
from simulator.load.judgement import Judged, LoadJudgement
from simulator.report.xml_elements import document, element
from simulator.units import SECOND


def render_load_junit(name: str, started_ms: int, ended_ms: int, judgement: LoadJudgement) -> str:
    """The document. What was broken is a `failure`, what could not be judged an `error`."""
    kinds = [finding.judged for finding in judgement.findings]
    counts = {
        "tests": str(len(kinds)),
        "failures": str(kinds.count(Judged.BROKEN)),
        "errors": str(kinds.count(Judged.UNOBSERVED)),
    }
    time = f"{(ended_ms - started_ms) / SECOND:.3f}"
    root = element(None, "testsuites", name="crybsim", time=time, **counts)
    stamp = rfc3339(started_ms).rstrip("Z").partition(".")[0]
    suite = element(root, "testsuite", name=name, timestamp=stamp, hostname="localhost", time=time, **counts)
    for finding in judgement.findings:
        case = element(suite, "testcase", classname=f"crybsim.{name}", name=finding.about)
        if finding.judged is Judged.FINE:
            element(case, "system-out").text = finding.text
        else:
            tag = "failure" if finding.judged is Judged.BROKEN else "error"
            element(case, tag, message=finding.text, type=finding.judged.value)
    return document(root)
