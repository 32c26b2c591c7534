"""The exception tree and the exit codes, the same for every command.

    CrybsimError
    ├── InputError          the user's file, flag or environment is wrong      -> 2
    ├── UnobservedError     something that had to be watched could not be      -> 3
    │   └── RefusedError    a server answered that it will not say             -> 3
    ├── UndeliveredError    a receiver did not take all that was meant for it  -> 3
    └── SimulatorError      crybsim itself broke a promise                      -> 4

A verdict is not an error: a run that fails ends with `ExitCode.FAIL` after its report is written.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on."""

    PASS = 0  # every expectation was met, and everything was observed
    FAIL = 1  # an expectation was not met
    USAGE = 2  # a flag, profile or file of the user is wrong; nothing was run
    INCONCLUSIVE = 3  # something could not be observed, so nothing can be said
    FAULT = 4  # crybsim itself failed


class CrybsimError(Exception):
    """Base of every error that crybsim raises on purpose."""

    exit_code = ExitCode.FAULT


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where it is, what was found there, and what would be right.

    `line` and `column` count from 1; 0 means that the place is unknown.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class InputError(CrybsimError):
    """The user's input is wrong. Carries every problem found, one line each."""

    exit_code = ExitCode.USAGE

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk, a quota or a file's largest size is reached."""


class UnobservedError(CrybsimError):
    """Something that a verdict depends on could not be observed."""

    exit_code = ExitCode.INCONCLUSIVE


class RefusedError(UnobservedError):
    """A server was asked something, and answered that it will not say: the question was wrong."""


class UndeliveredError(CrybsimError):
    """A receiver did not take all that was meant for it; the message says how much is missing and why."""

    exit_code = ExitCode.INCONCLUSIVE


class SimulatorError(CrybsimError):
    """crybsim itself is at fault (a child that never got ready, a broken promise inside)."""

    exit_code = ExitCode.FAULT


def nearest(found: str, allowed: Iterable[str], *, likeness: float = 0.55) -> str | None:
    """The allowed name that `found` was probably meant to be, or None when nothing is close.

    `likeness` is difflib's ratio, from 0 to 1 (the same), below which a name is another one.
    """
    names = sorted(set(allowed))
    folded = {name.casefold(): name for name in names}
    matches = difflib.get_close_matches(found.casefold(), list(folded), n=1, cutoff=likeness)
    return folded[matches[0]] if matches else None


def did_you_mean(found: str, allowed: Iterable[str]) -> str:
    """`"; did you mean 'x'?"`, or an empty string when nothing is close."""
    guess = nearest(found, allowed)
    return f"; did you mean {guess!r}?" if guess else ""
