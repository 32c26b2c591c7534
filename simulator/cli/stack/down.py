"""`crybsim stack down`: the end of what `stack up` started."""

from __future__ import annotations

from simulator.cli.stack.shown import say
from simulator.stack.standing import StateFile


def command() -> None:
    """End the stack that `stack up` started in this folder.

    \b
    Example:
      crybsim stack down
    """
    standing = StateFile().read()
    if standing is None:
        say("no stack is up here")
    else:
        standing.stop()
        say(f"ended (pid {standing.pid}); its data stays in {standing.folder or 'its run folder'}")
    StateFile().release()
