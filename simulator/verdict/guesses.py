"""What rests on a tool's guess is no fault of the team: an overlay's families that nobody confirmed yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from simulator.profile.manifest import Manifest
from simulator.verdict.case import Case
from simulator.verdict.document import Finding, Word
from simulator.verdict.wording import listed

_PARTS: Final = re.compile(r"_(?:bucket|count|sum)$")


def guessed_families(manifest: Manifest) -> dict[str, str]:
    """The families that overlays mark `confirm: true`, each with the file that it stands in."""
    return {
        added.name: str(overlay.path) for overlay in manifest.overlays for added in overlay.content.add if added.confirm
    }


def without_guesses(case: Case, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, those of failure unobserved where their alert looks at what a tool guessed."""
    guessed = guessed_families(case.manifest)
    for finding in findings:
        names = _looked_at(case, finding.alert, guessed) if guessed and finding.word.is_failure else ()
        if not names:
            yield finding
            continue
        where = guessed[names[0]]
        advice = f"a tool guessed {listed(names)}: correct it in {where} and remove `confirm: true` there"
        yield finding.model_copy(update={"word": Word.UNOBSERVED, "message": f"{finding.message}; but {advice}"})


def _looked_at(case: Case, alert: str, guessed: dict[str, str]) -> tuple[str, ...]:
    metrics = (selector.metric for rule in case.named(alert) for selector in rule.selectors)
    names = (name for metric in metrics for name in (metric, _PARTS.sub("", metric)))
    return tuple(dict.fromkeys(name for name in names if name in guessed))
