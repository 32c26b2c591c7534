"""Under which path production's Prometheus has a rule file: the instants at which it evaluates the groups depend on it.

Told by `production.rules_path`, else taken from prometheus.yml's own `rule_files`, whose relative patterns begin at
/etc/prometheus, as they do in the official image and in Debian's package.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

from simulator.stack.patterns import has_wildcard

CONFIG_FOLDER: Final = PurePosixPath("/etc/prometheus")
RULES_FOLDER: Final = CONFIG_FOLDER / "rules"


def production_path(file: Path, rules_path: str | None, written: Sequence[str], folder: Path) -> str:
    """The path of a rule file in production.

    `rules_path` is a folder, or a file where it ends in .yml or .yaml; `written` are the patterns of prometheus.yml as
    they stand there, `folder` is the one that it is in.
    """
    if rules_path is not None:
        given = PurePosixPath(rules_path)
        return str(given if given.suffix in (".yml", ".yaml") else given / file.name)
    for pattern in map(PurePosixPath, written):
        if fnmatchcase(file.name, pattern.name) and not has_wildcard(Path(pattern.parent)):
            return str(CONFIG_FOLDER / pattern.parent / file.name)
    if file.is_relative_to(folder):
        return str(CONFIG_FOLDER / file.relative_to(folder).as_posix())
    return str(RULES_FOLDER / file.name)
