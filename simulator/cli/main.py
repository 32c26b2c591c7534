"""The frame around every command: finding it, loading it, and turning errors into one clear line and an exit code.

Machine output goes to stdout, everything for people to stderr; the overview and `--help` are what was asked for, so
they go to stdout. Exit codes are `simulator.errors.ExitCode`, and 130 for Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from simulator import __version__
from simulator.cli.commands import ENTRIES, GROUPS, Entry
from simulator.errors import NO_ROOM, CrybsimError, ExitCode, InputError, Problem, did_you_mean

INTERRUPTED = 130
BROKEN_PIPE = 141


def run() -> NoReturn:
    """The `crybsim` program."""
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_left()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        code = _no_room(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter tries once more
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Raises nothing."""
    try:
        return _dispatch(list(arguments))
    except CrybsimError as error:
        _tell(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return _no_room(error)
        _say(f"crybsim itself failed: {type(error).__name__}: {_one_line(error)}, traceback in {_keep_traceback()}")
        return int(ExitCode.FAULT)


def help_text() -> str:
    """What `crybsim --help` prints."""
    width = max(len(entry.written) for entry in ENTRIES.values())
    lines = ["Usage: crybsim COMMAND [OPTIONS]", ""]
    lines += ["Rehearse an incident before it happens: load, matching telemetry, your alert rules, a verdict.", ""]
    for group, entries in GROUPS.items():
        lines += [f"{group}:", *(f"  {entry.written:<{width}}  {entry.summary}" for entry in entries), ""]
    lines += [
        "crybsim COMMAND --help says more, with examples; --version prints the version.",
        "Exit codes: 0 pass, 1 fail, 2 bad usage or input, 3 inconclusive, 4 a fault of crybsim itself.",
    ]
    return "\n".join(lines)


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        from simulator.cli.overview import overview  # here, because only this path needs it

        print(overview(Path.cwd()))
        return int(ExitCode.PASS)
    name, *rest = arguments
    if name in ("-h", "--help"):
        print(help_text())
        return int(ExitCode.PASS)
    if name == "--version":
        print(f"crybsim {__version__}")
        return int(ExitCode.PASS)
    if name not in ENTRIES:
        what = "option" if name.startswith("-") else "command"
        return _usage(f"there is no {what} {name!r}{did_you_mean(name, ENTRIES)}", "crybsim")
    return _invoke(ENTRIES[name], rest)


def _invoke(entry: Entry, arguments: list[str]) -> int:
    import typer  # here, because --help and the overview do without it
    from typer.exceptions import TyperException

    from simulator.cli.apps import app_of

    if entry.parts:
        arguments = arguments or ["--help"]
    app = app_of(entry, arguments)
    program = f"crybsim {entry.name}"
    try:
        result = typer.main.get_command(app).main(arguments, prog_name=program, standalone_mode=False)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        return _usage(error.format_message(), context.command_path if context else program)
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # typer ends that with 1, which here means "fail"
            raise ended.__context__ from None
        raise
    return int(result) if isinstance(result, int) else int(ExitCode.PASS)


def _usage(message: str, program: str) -> int:
    _say(f"crybsim: error: {message.rstrip('.')}")
    _say(f"try: {program} --help")
    return int(ExitCode.USAGE)


def _tell(error: CrybsimError) -> None:
    """Problems in files stand alone in their lines, as compilers print them, so that editors find the place."""
    if not isinstance(error, InputError):
        _say(f"crybsim: error: {error}")
        return
    for problem in error.problems:
        _say(str(problem) if isinstance(problem, Problem) else f"crybsim: error: {problem}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _no_room(error: OSError) -> int:
    where = f"{error.filename}: " if error.filename else ""
    _say(f"crybsim: error: {where}{error.strerror}; make room, then run the same again")
    return int(ExitCode.USAGE)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no further words"


def _keep_traceback() -> str:
    text = f"crybsim {__version__}: {' '.join(sys.argv)}\n{traceback.format_exc()}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="crybsim-", suffix=".traceback", delete=False) as file:
            file.write(text)
        return file.name
    except OSError:
        _say(text)
        return "the lines above"


def _reader_left() -> int:
    """Whoever read our output went away (`crybsim … | head`): end quietly, as SIGPIPE would."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
