"""The verdict as Markdown, short enough for a pull request: outcome, what was broken, times, what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.report.phrasing import (
    HEADLINE,
    PREDICTION_HEADINGS,
    by_weight,
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
from simulator.report.together import not_graded_together, together, unpredicted
from simulator.verdict.document import Outcome, Verdict, Word
from simulator.verdict.wording import labelled

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
_MENTION = re.compile(r"(?<!\w)@")
_SIGN = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "⚠️"}


def render_markdown(verdict: Verdict) -> str:
    """GitHub-flavoured Markdown. Text of users is escaped: it cannot mention anybody, link, or break a table."""
    return "\n".join(_lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"## {_SIGN[verdict.outcome]} {HEADLINE[verdict.outcome]}: {_text(verdict.run.profile)}"
    yield ""
    yield _text(verdict.reason)
    yield ""
    yield from _table(
        ("", "Verdict", "About", "Observed"),
        [(mark(f), f.word.value, subject(f), f.message) for f in together(by_weight(verdict.findings))],
    )
    for title, alerts in (
        ("Expected alerts", standing(verdict, "expected")),
        ("Unexpected alerts", standing(verdict, "unexpected")),
    ):
        if alerts:
            yield f"### {title}"
            yield ""
            rows = [
                (
                    labelled(alert.alert, alert.labels),
                    *(offset(moment) for moment in (alert.pending, alert.firing, alert.resolved)),
                    span(alert.detect_ms),
                    span(alert.notified_ms),
                )
                for alert in alerts
            ]
            yield from _table(("Alert", "Pending", "Firing", "Resolved", "To detect", "To notify"), rows)
    told = predicted(verdict)
    if told:
        yield "### Error budget: measured and foretold"
        yield ""
        yield from _table(PREDICTION_HEADINGS, [prediction_row(prediction, verdict) for prediction in told])
    for line in unpredicted(verdict.predictions):
        yield f"- {_text(line)}"
    if len(told) < len(verdict.predictions):
        yield ""
    heard = sorted({(f"{n.kind} {n.destination}", n.receiver) for n in verdict.notifications if n.status == "firing"})
    if heard:
        yield "### Who was notified"
        yield ""
        yield from _table(("To", "Receiver"), heard)
    figures = load_figures(verdict)
    if figures:
        yield "### Load"
        yield ""
        yield from _table([name for name, _ in figures], [[value for _, value in figures]])
    accounts = load_accounts(verdict)
    yield from (f"- {_text(account)}" for account in accounts)
    if accounts:
        yield ""
    yield from _details(
        "What this verdict means", [f"**{_text(claim.title)}**: {_text(claim.text)}" for claim in verdict.claims]
    )
    yield from _details(
        "Not graded", [f"{_text(who)}: {_text(why)}" for who, why in not_graded_together(verdict.not_graded)]
    )
    yield from _details("Notes", [_text(note) for note in verdict.notes])
    broken = any(finding.word is not Word.MET for finding in verdict.findings)
    yield f"{'Try it' if broken else 'Run it'} again: {_code(run_again(verdict))}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"|{' --- |' * len(headers)}"
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"
    yield ""


def _details(summary: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"<details><summary>{summary}</summary>"
        yield ""
        yield from (f"- {item}" for item in items)
        yield ""
        yield "</details>"
        yield ""


def _text(text: str) -> str:
    """One line of plain text. GitHub looks for mentions after reading escapes, so @ gets an empty space behind it."""
    return _MENTION.sub("@\u200b", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks inside."""
    line = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"
