"""The verdict as JUnit XML, for CI: one test case for each finding.

What is broken is a `failure`, what nobody could observe an `error`, what this run is too short to grade is `skipped`.
The shape is the one that Jenkins, GitLab and GitHub's actions read (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

from simulator.report.phrasing import HEADLINE, offset, run_again
from simulator.report.xml_elements import cleaned, document, element
from simulator.units import SECOND
from simulator.verdict.document import Finding, Verdict, Word
from simulator.verdict.wording import labelled


def render_junit(verdict: Verdict) -> str:
    """The XML document, UTF-8 when written as such. Characters that XML cannot hold become U+FFFD."""
    run = verdict.run
    failures = sum(finding.word.is_failure for finding in verdict.findings)
    errors = sum(finding.word is Word.UNOBSERVED for finding in verdict.findings)
    counts = {
        "tests": str(len(verdict.findings) + len(verdict.not_graded)),
        "failures": str(failures),
        "errors": str(errors),
    }
    time = f"{(run.ends.at_ms - run.started.at_ms) / SECOND:.3f}"
    root = element(None, "testsuites", name="crybsim", time=time, **counts)
    suite = element(
        root,
        "testsuite",
        name=run.profile,
        timestamp=run.started.at.rstrip("Z").partition(".")[0],  # ISO 8601 without a zone, as the schema wants it
        hostname="localhost",
        time=time,
        skipped=str(len(verdict.not_graded)),
        **counts,
    )
    properties = element(suite, "properties")
    for name, value in _properties(verdict):
        element(properties, "property", name=name, value=value)
    used: Counter[str] = Counter()
    for finding in verdict.findings:
        _case(suite, run.profile, _unique(_name(finding), used), finding)
    for alert in verdict.not_graded:
        case = element(suite, "testcase", classname=f"crybsim.{run.profile}", name=f"{alert.alert} not graded")
        element(case, "skipped", message=alert.reason)
    output = element(suite, "system-out")
    output.text = cleaned("\n".join((f"{HEADLINE[verdict.outcome]} {verdict.reason}", *verdict.notes)))
    return document(root)


def _case(suite: ElementTree.Element, profile: str, name: str, finding: Finding) -> None:
    case = element(suite, "testcase", classname=f"crybsim.{profile}", name=name)
    if finding.word is Word.MET:
        return
    kind = "failure" if finding.word.is_failure else "error"
    wrong = element(case, kind, message=finding.message, type=finding.word.value)
    lines = [finding.message]
    lines += [f"expected: {finding.expected}"] if finding.expected else []
    lines += [f"observed: {finding.observed}"] if finding.observed else []
    lines += [f"{offset(e.when)} {e.when.at} {e.source}: {e.what}" for e in finding.evidence]
    wrong.text = cleaned("\n".join(lines))


def _name(finding: Finding) -> str:
    alert = labelled(finding.alert, finding.labels) if finding.alert else ""
    return f"{finding.expectation} {alert}".strip()


def _unique(name: str, used: Counter[str]) -> str:
    """CI servers tell cases apart by name, so the second of a name is numbered."""
    used[name] += 1
    return name if used[name] == 1 else f"{name} #{used[name]}"


def _properties(verdict: Verdict) -> list[tuple[str, str]]:
    run = verdict.run
    return [
        ("outcome", verdict.outcome.value),
        ("run_id", run.run_id),
        ("profile_sha256", run.profile_sha256),
        ("seed", str(run.seed)),
        ("mode", run.mode),
        ("run_again", run_again(verdict)),
        *((f"version.{name}", version) for name, version in sorted(run.versions.items())),
        *((claim.title, claim.text) for claim in verdict.claims),
    ]
