"""`python -m alerting`: write what is made, say what changed. `--check` only says, and fails if anything would."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from alerting.rules import MONITORING
from alerting.slo_file import read_slos
from alerting.slo_rules import slo_rules
from alerting.table import pages

SLO_RULES = MONITORING / "prometheus" / "rules" / "slo.yml"


def rules() -> Mapping[Path, str]:
    """The rule file that is made."""
    return {SLO_RULES: slo_rules(read_slos())}


def outdated(made: Mapping[Path, str]) -> tuple[Path, ...]:
    """The files that are not as they would be made."""
    return tuple(path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text)


def main(arguments: list[str]) -> int:
    """Exit code."""
    stale: list[Path] = []
    for make in (rules, pages):  # the pages read the rules
        made = make()
        for path in outdated(made):
            stale.append(path)
            if "--check" not in arguments:
                path.write_text(made[path], "utf-8")
    for path in stale:
        print(path)
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
