"""Expectations against observations. Pure: no clock, no I/O.

    judge(manifest, rules, journal, engine) -> Verdict

One module per kind of expectation (`firing`, `resolution`, `routing`, `silence`, `others`), one for what every run owes
(`trust`, `targets`, `load`), one for what could be seen at all (`sight`). docs/verdict.md says how each is decided.
"""

from simulator.verdict.document import Finding, Outcome, Verdict, Word
from simulator.verdict.facts import CatalogueComparison, ControlRun, EngineFacts, Mode
from simulator.verdict.judge import judge

__all__ = [
    "CatalogueComparison",
    "ControlRun",
    "EngineFacts",
    "Finding",
    "Mode",
    "Outcome",
    "Verdict",
    "Word",
    "judge",
]
