"""File patterns as Prometheus reads them: relative ones begin at the configuration's folder, symbolic links stay."""

from __future__ import annotations

import glob
from pathlib import Path


def absolute(pattern: str, folder: Path) -> Path:
    """The pattern from the root. `folder` may be relative to the current one."""
    return (folder.absolute() / pattern).absolute()


def files(pattern: Path) -> tuple[Path, ...]:
    """What it matches, sorted; a path without wildcards matches itself where it exists."""
    return tuple(map(Path, sorted(glob.glob(str(pattern)))))  # noqa: PTH207 - Path.glob takes no absolute pattern


def has_wildcard(pattern: Path) -> bool:
    """Whether it may match several files, or none without being wrong."""
    return glob.has_magic(str(pattern))
