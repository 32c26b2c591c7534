"""The generator's report as it grows: whole lines only, each once."""

from __future__ import annotations

from pathlib import Path

from simulator.wire.load_report import Record, decode_record


class ReportFile:
    """Reads on from where it stopped. A line without its end is left for later, or for good when its writer died."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.problem = ""

    def read(self) -> list[Record]:
        """The records written since the last call. A line that is no record is skipped and becomes the `problem`."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:  # the generator has not begun
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        records = []
        for line in whole.splitlines():
            try:
                records.append(decode_record(line))
            except ValueError:
                self.problem = f"{self._path}: a line of the load report cannot be read: {line[:80]!r}"
        return records
