"""An exposition under other names: families and labels renamed, added up over labels, dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.catalog.exposed import SUFFIXES
from simulator.catalog.reshaped import Shape
from simulator.wire.exposition import sample_prefix
from simulator.wire.exposition_text import parse_sample


def reshaped(exposition: bytes, shapes: Mapping[str, Shape | None]) -> bytes:
    """The text format 0.0.4 with these families in other shapes. Raises ValueError for what is no exposition."""
    return "".join(_lines(exposition.decode(), shapes)).encode()


def _lines(text: str, shapes: Mapping[str, Shape | None]) -> Iterator[str]:
    name = ""
    totals: dict[str, float] = {}
    for line in text.splitlines(keepends=True):
        if line.startswith(("# HELP ", "# TYPE ")):
            yield from _written(totals)
            name = line.split(" ", 3)[2].strip()
            shape = shapes.get(name)
            if shape is not None:
                head, rest = line[:7], line[7:]  # "# HELP " or "# TYPE "
                yield head + rest.replace(name, shape.name, 1)
            elif name not in shapes:
                yield line
        elif name not in shapes or line.startswith("#"):
            yield line
        elif (shape := shapes[name]) is not None:
            sample, labels, value = parse_sample(line.strip())
            suffix = sample.removeprefix(name)
            kept = {new: text for old, text in labels.items() if (new := shape.labels.get(old, old)) is not None}
            prefix = sample_prefix(
                shape.name + (suffix if suffix in SUFFIXES else ""), {**kept, **dict(shape.constants)}
            )
            totals[prefix] = totals.get(prefix, 0.0) + value
    yield from _written(totals)


def _written(totals: dict[str, float]) -> Iterator[str]:
    """What was added up, which is done with then."""
    for prefix, value in totals.items():
        yield f"{prefix}{value!r}\n"
    totals.clear()
