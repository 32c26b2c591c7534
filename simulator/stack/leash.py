"""Runs a command that cannot outlive its parent: `python -I -S leash.py PARENT_PID COMMAND [ARGUMENT...]`.

Linux kills the command (SIGKILL) once the thread that started it is gone, whatever ended that one: Ctrl-C, an
exception, kill -9 (prctl(2), PR_SET_PDEATHSIG; it survives exec of an ordinary program). Only what is imported here
is loaded, so the wrapper costs some 20 ms.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_EXECUTE = 127


def main(arguments: list[str]) -> int:
    """Becomes the command. Returns only where that failed."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the leash was on
        return CANNOT_EXECUTE
    try:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell to start it with
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
    return CANNOT_EXECUTE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
