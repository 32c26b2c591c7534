"""The verdict in a terminal: the outcome first, then what it means, then what it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from simulator.report.phrasing import (
    HEADLINE,
    NOTHING,
    by_weight,
    heard_alerts,
    load_accounts,
    load_figures,
    mark,
    offset,
    predicted,
    prediction_row,
    run_again,
    span,
    standing,
    subject,
)
from simulator.report.terminal_rows import Rows
from simulator.report.together import not_graded_together, together, unpredicted
from simulator.verdict.document import AlertTimeline, Finding, Outcome, Verdict, Word
from simulator.verdict.others import PLACE as NO_OTHER_ALERTS
from simulator.verdict.wording import labelled

MOST_NOTIFICATIONS = 30
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_OUTCOME_STYLE = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "bold yellow"}


def render_terminal(verdict: Verdict, run_folder: Path | None = None) -> RenderableType:
    """Something to print on a rich console. Text of users is shown as it is, never read as markup."""
    return Group(*_parts(verdict, run_folder))


def _parts(verdict: Verdict, run_folder: Path | None) -> Iterator[RenderableType]:
    outcome = plain(HEADLINE[verdict.outcome], style=_OUTCOME_STYLE[verdict.outcome])
    yield Text.assemble(outcome, plain(f"  {verdict.run.profile}: {verdict.reason}"))
    yield _section("What this verdict means")
    yield _pairs([(claim.title, claim.text) for claim in verdict.claims])
    yield _section("Expectations")
    yield _findings(together(by_weight(verdict.findings)))
    expected = standing(verdict, "expected")
    if expected:
        yield _section("Expected alerts")
        yield _alerts(expected, with_times=True)
    unexpected = standing(verdict, "unexpected")
    if unexpected:
        yield _section("Unexpected alerts")
        yield _alerts(unexpected, with_times=False)
    others = standing(verdict, "ignored", "not-graded")
    if others:
        yield _section("Also fired (ignored or not graded)")
        yield _alerts(others, with_times=False)
    if verdict.predictions:
        yield _section("Error budget: measured and foretold")
        yield from _predictions(verdict)
    if verdict.notifications:
        yield _section("Who was notified")
        yield _notifications(verdict)
    figures = load_figures(verdict)
    if figures:
        yield _section("Load")
        yield _pairs(figures)
        yield from (Padding(plain(account), (0, 0, 0, 2)) for account in load_accounts(verdict))
    if verdict.not_graded:
        yield _section("Not graded")
        yield _pairs(not_graded_together(verdict.not_graded))
    if verdict.notes:
        yield _section("Notes")
        yield Padding(plain("\n".join(verdict.notes)), (0, 0, 0, 2))
    yield Text()
    if run_folder is not None:
        yield plain(f"run folder  {run_folder}")
    yield plain(f"run again   {run_again(verdict)}")


def _section(title: str) -> Text:
    return plain(f"\n{title}", style="bold")


def _indented(rows: Rows) -> Padding:
    return Padding(rows, (0, 0, 0, 2))


def _pairs(pairs: list[tuple[str, str]]) -> Padding:
    rows = Rows(long=1)
    for name, value in pairs:
        rows.add(plain(name, style="dim"), plain(value))
    return _indented(rows)


def _findings(findings: list[Finding]) -> Padding:
    rows = Rows(long=2)
    for finding in findings:
        style = "green" if finding.word is Word.MET else "bold red" if finding.word.is_failure else "bold yellow"
        words = plain(f"{mark(finding)} {finding.word}", style=style)
        message = plain(finding.message)
        if finding.expected and finding.word is not Word.MET and not _is_of_every_alert(finding):
            message.append_text(plain(f"\nexpected: {finding.expected}", style="dim"))
        if finding.word is not Word.MET:
            for evidence in finding.evidence[:2]:
                message.append_text(plain(f"\n{offset(evidence.when)} {evidence.source}: {evidence.what}", style="dim"))
        rows.add(words, plain(subject(finding)), message)
    return _indented(rows)


def _is_of_every_alert(finding: Finding) -> bool:
    """Whether it is about an alert that nobody named: what is expected of it stands in the profile once."""
    return finding.word is Word.UNOBSERVED and finding.expectation == NO_OTHER_ALERTS


def _alerts(alerts: list[AlertTimeline], *, with_times: bool) -> Padding:
    headers = ("alert", "pending", "firing", "resolved")
    rows = Rows(long=0, headers=(*headers, "to detect", "to notify") if with_times else headers)
    for alert in alerts:
        cells = [
            labelled(alert.alert, alert.labels),
            *(offset(m) for m in (alert.pending, alert.firing, alert.resolved)),
        ]
        if with_times:
            cells += [span(alert.detect_ms), span(alert.notified_ms)]
        rows.add(*map(plain, cells))
    return _indented(rows)


def _predictions(verdict: Verdict) -> Iterator[RenderableType]:
    rows = Rows(long=1)
    for prediction in predicted(verdict):
        name, ratio, *spans = prediction_row(prediction, verdict)
        lines = [f"{ratio} of events bad"]
        for what, (measured, foretold, workbook) in (("detect", spans[:3]), ("reset", spans[3:])):
            if (measured, foretold) != (NOTHING, NOTHING):
                lines.append(f"to {what:<6} {measured}, foretold {foretold}, Workbook {workbook}")
        if len(lines) == 1:
            lines.append("did not fire, and ought not to")
        rows.add(plain(name), plain("\n".join(lines), style="" if prediction.agrees else "bold red"))
    yield _indented(rows)
    for line in unpredicted(verdict.predictions):
        yield Padding(plain(line, style="dim"), (0, 0, 0, 2))


def _notifications(verdict: Verdict) -> Padding:
    rows = Rows(long=3, headers=("at", "to", "receiver", "alerts"))
    for heard in verdict.notifications[:MOST_NOTIFICATIONS]:
        alerts = plain(heard_alerts(heard))
        if heard.problem:
            alerts.append_text(plain(f"\n{heard.problem}", style="red"))
        rows.add(plain(offset(heard.when)), plain(f"{heard.kind} {heard.destination}"), plain(heard.receiver), alerts)
    rest = len(verdict.notifications) - MOST_NOTIFICATIONS
    if rest > 0:
        rows.add(Text(), plain(f"and {rest} more in verdict.json", style="dim"), Text(), Text())
    return _indented(rows)


def plain(text: str, style: str = "") -> Text:
    """Text of users: never markup, and without characters that drive a terminal."""
    return Text(_CONTROL.sub("\ufffd", text), style=style, overflow="fold")
