"""Debian's Alertmanager, run from where it was unpacked.

Debian's build reads its default templates from /usr/share/prometheus/alertmanager, a path fixed in the program. Where
the package was only unpacked there is no such folder, and no flag for it. So a copy of the program is made beside it,
in which that path is the working directory (`.` and slashes, to keep the length), and it is run in the unpacked folder.
An upstream build carries its templates inside and is left alone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FIXED: Final = b"/usr/share/prometheus/alertmanager"
_FIXED_FOLDER: Final = re.compile(re.escape(_FIXED) + rb"(?![/a-z])")
_INSTALLED: Final = Path(_FIXED.decode())
_HERE: Final = b".".ljust(len(_FIXED), b"/")


@dataclass(frozen=True)
class Launch:
    """What to run, and where. `share` is the unpacked package's share/prometheus folder, if it has one."""

    path: Path
    cwd: Path | None = None
    share: Path | None = None


def unpacked_share(binary: Path) -> Path | None:
    """`share/prometheus` of the tree that the binary was unpacked into; None for an installed or upstream binary."""
    share = binary.resolve().parent.parent / "share" / "prometheus"
    return share if share.is_dir() and share != Path("/usr/share/prometheus") else None


def alertmanager_program(binary: Path, scratch: Path) -> Launch:
    """How to run this Alertmanager. A copy, where one is needed, goes beside the binary or else into `scratch`."""
    share = unpacked_share(binary)
    templates = share / "alertmanager" if share else None
    if templates is None or not (templates / "default.tmpl").is_file() or _INSTALLED.is_dir():
        return Launch(binary, share=share)
    original = binary.resolve()
    copy = original.with_name(original.name + ".relocated")
    if not copy.is_file() or copy.stat().st_mtime < original.stat().st_mtime:
        code = original.read_bytes()
        if len(_FIXED_FOLDER.findall(code)) != 1:
            return Launch(binary, share=share)
        copy = _write_program(_FIXED_FOLDER.sub(_HERE, code), copy, scratch)
    return Launch(copy, cwd=templates, share=share)


def _write_program(code: bytes, wished: Path, scratch: Path) -> Path:
    for path in (wished, scratch / wished.name):
        draft = path.with_name(f"{path.name}.{os.getpid()}")  # another run may be writing the same copy
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(code)
            draft.chmod(0o755)
            return draft.replace(path)
        except PermissionError:
            continue
    raise PermissionError(f"neither {wished.parent} nor {scratch} can be written to")
