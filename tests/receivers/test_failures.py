"""What Alertmanager's log says about notifications that never left it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.receivers.failures import notification_failures
from simulator.telemetry.observations import NotificationKind
from simulator.wire.notifications import STAND_IN_SILENT

OLD = (
    "ts=2026-11-24T23:00:03.107Z caller=dispatch.go:352 level=error component=dispatcher "
    'msg="Notify for alerts failed" num_alerts=2 '
    'err="team/a/slack[0]: notify retry canceled due to unrecoverable error after 1 attempts: template: '
    ':1:10: executing \\"\\" at <.Nope>: can\'t evaluate field Nope; team/a/msteamsv2[1]: notify retry canceled '
    'after 3 attempts: no"'
)
NEW = (
    "time=2026-11-24T23:00:03.107123456Z level=ERROR source=dispatch.go:360 "
    'msg="Notify for alerts failed" component=dispatcher num_alerts=2 '
    'err="team/a/slack[0]: notify retry canceled due to unrecoverable error after 1 attempts: template: '
    ':1:10: executing \\"\\" at <.Nope>: can\'t evaluate field Nope\\nteam/a/msteamsv2[1]: notify retry canceled '
    'after 3 attempts: no"'
)
ATTEMPT = (
    "ts=2026-11-24T23:00:01.000Z caller=notify.go:743 level=warn component=dispatcher receiver=team/a "
    'integration=telegram[0] msg="Notify attempt failed, will retry later" attempts=1 '
    'err="telegram: text is empty (400)"'
)
LAST_WORD = (
    "ts=2026-11-24T23:00:09.000Z caller=dispatch.go:352 level=error component=dispatcher "
    'msg="Notify for alerts failed" num_alerts=1 '
    'err="team/a/telegram[0]: notify retry canceled after 7 attempts: telegram: text is empty (400)"'
)


def failures(tmp_path: Path, *lines: str) -> list[tuple[int, str, NotificationKind, str]]:
    log = tmp_path / "alertmanager.log"
    log.write_text("\n".join(["level=info msg=started", *lines, "not logfmt at all", ""]))
    return [(found.at_ms, found.receiver, found.kind, found.problem) for found in notification_failures(log)]


@pytest.mark.parametrize("line", [OLD, NEW])
def test_each_integration_of_a_failed_flush(tmp_path: Path, line: str) -> None:
    at_ms = 1_795_561_203_107
    assert failures(tmp_path, line) == [
        (
            at_ms,
            "team/a",
            NotificationKind.SLACK,
            """template: :1:10: executing "" at <.Nope>: can't evaluate field Nope""",
        ),
        (at_ms, "team/a", NotificationKind.MSTEAMS, "no"),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        'Post \\"<redacted>\\": dial tcp 127.0.0.1:4711: connect: connection refused',
        'Post \\"http://127.0.0.1:4711/v2/enqueue\\": context deadline exceeded',
        "establish connection to server: dial tcp 127.0.0.1:25: connect: connection refused",
        "read tcp 127.0.0.1:5->127.0.0.1:6: read: connection reset by peer",
        'Post \\"<redacted>\\": EOF',
    ],
)
def test_a_stand_in_that_does_not_answer_is_our_own_fault(tmp_path: Path, reason: str) -> None:
    line = ATTEMPT.replace("telegram: text is empty (400)", reason)
    ((_, _, _, problem),) = failures(tmp_path, line)
    assert problem.startswith(f"{STAND_IN_SILENT}: ")


def test_retries_of_one_notification_are_told_once(tmp_path: Path) -> None:
    told = (1_795_561_201_000, "team/a", NotificationKind.TELEGRAM, "telegram: text is empty (400)")
    assert failures(tmp_path, ATTEMPT, LAST_WORD) == [told]
    again = (1_795_561_209_000, *told[1:])
    assert failures(tmp_path, ATTEMPT, LAST_WORD, LAST_WORD) == [told, again]


def test_no_log_no_failures(tmp_path: Path) -> None:
    assert notification_failures(tmp_path / "absent.log") == []
