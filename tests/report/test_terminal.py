"""The terminal's report: verdict first, everything a reader needs below, nothing read as markup."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from simulator.report import render_terminal
from simulator.telemetry.observations import Gap, NotificationKind
from simulator.units import MINUTE
from simulator.verdict import Verdict
from tests.verdict.scene import DISK_FIRED, FIRED, ONSET, PASSING, QUIET, told


def shown(verdict: Verdict, width: int = 160, folder: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(render_terminal(verdict, folder))
    return str(console.file.getvalue())


def test_the_verdict_is_the_first_line_and_says_why() -> None:
    assert shown(PASSING.judged()).startswith("PASS  api-errors: 9 expectations met, everything observed\n")
    failed = shown(PASSING.plus(*DISK_FIRED).judged()).split("\n")[0]
    assert failed == 'FAIL  api-errors: DiskAlmostFull{severity="warning"} was not expected and fired at +4m'
    vague = shown(PASSING.plus(Gap(ONSET, "prometheus", "refused")).judged()).split("\n")[0]
    assert vague.startswith("INCONCLUSIVE  api-errors: prometheus could not be observed at +2m: refused")


def test_then_what_it_means_before_anything_else() -> None:
    lines = [line.strip() for line in shown(PASSING.judged()).split("\n")]
    sections = [lines.index(title) for title in ("What this verdict means", "Expectations", "Expected alerts", "Load")]
    assert sections == sorted(sections)
    assert sections[0] == 2


def test_times_notifications_load_and_how_to_run_it_again() -> None:
    text = shown(PASSING.judged(), folder=Path("runs/run-1"))
    row = next(line for line in text.split("\n") if line.strip().startswith('HighErrorRate{service="cryb-api"'))
    assert row.split()[-5:] == ["+2m30s", "+4m30s", "+7m", "2m30s", "2m40s"]
    for part in ("slack #critical-alerts", "12,000", "800 (6.67%)", "90 ms", "looks back 6h", "runs/run-1"):
        assert part in text
    assert "run again   crybsim rehearse profiles/api-errors.yaml --mode live --seed 1" in text


def test_a_broken_expectation_shows_what_was_expected_and_the_query() -> None:
    text = shown(PASSING.plus(*DISK_FIRED).judged())
    assert "✗ unexpected" in text
    assert "expected: never fires" in text
    assert 'prometheus: ALERTS{alertname="DiskAlmostFull"' in text


def test_text_of_users_is_not_read_as_markup() -> None:
    text = shown(PASSING.plus(Gap(ONSET, "api", "[bold]x[/bold] [/nothing]")).judged())
    assert "[bold]x[/bold] [/nothing]" in text


def test_text_of_users_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in shown(PASSING.plus(Gap(ONSET, "api", "\x1b[2J\x07gone")).judged())


def test_nothing_is_cut_off_where_there_is_little_room() -> None:
    verdict = PASSING.plus(Gap(ONSET, "api", "a-very-long-reason-" * 10)).judged()
    assert ("a-very-long-reason-" * 10) in shown(verdict, width=60).replace("\n", "").replace(" ", "")


def test_many_notifications_are_counted_not_listed() -> None:
    many = [told(NotificationKind.SLACK, "critical", f"#c{n}", FIRED + MINUTE) for n in range(50)]
    text = shown(PASSING.plus(*many).judged())
    assert "HighErrorRate firing" in text
    assert "and 24 more in verdict.json" in text


def test_a_quiet_run_has_no_sections_about_alerts() -> None:
    text = shown(QUIET.judged())
    assert "Expected alerts" not in text
    assert "Who was notified" not in text
