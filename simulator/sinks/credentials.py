"""What is shown to a receiver to be let in: from the environment, or from files that it names.

Never from a command line, which everybody on the machine can read.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from simulator.errors import InputError

FROM_FILE: Final = "_FILE"
"""TOKEN or PASSWORD with this at its end names a file that holds it."""


def authorization(environment: Mapping[str, str], prefix: str) -> str | None:
    """The Authorization header that `PREFIX_TOKEN`, or `PREFIX_USER` and `PREFIX_PASSWORD`, ask for.

    None where nothing is set. Raises InputError, which shows no secret.
    """
    token_name, user_name, password_name = f"{prefix}_TOKEN", f"{prefix}_USER", f"{prefix}_PASSWORD"
    token = secret(environment, token_name)
    user = environment.get(user_name)
    password = secret(environment, password_name)
    if token is not None and (user is not None or password is not None):
        raise InputError(f"{token_name} and {user_name} or {password_name} are both set; one way in is enough")
    if token is not None:
        return f"Bearer {token}"
    if (user is None) != (password is None):
        raise InputError(f"{user_name} and {password_name} belong together; one of them is not set")
    if user is None or password is None:
        return None
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def secret(environment: Mapping[str, str], name: str) -> str | None:
    """A variable's value, or the content of the file that its `_FILE` twin names, without the line's end.

    Raises InputError where both are set, or where there is nothing that a header could carry.
    """
    value, file = environment.get(name), environment.get(name + FROM_FILE)
    if value is not None and file is not None:
        raise InputError(f"{name} and {name}{FROM_FILE} are both set; one is enough")
    if file is not None:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise InputError(f"{name}{FROM_FILE}: {file}: {reason}") from error
    if value is not None and (not value or not value.isprintable() or not value.isascii()):
        raise InputError(f"{name}: is empty, or has characters that no header can carry")
    return value
