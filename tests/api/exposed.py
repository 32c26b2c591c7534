"""Reading an exposition: every sample, and sums over labels."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(text: str) -> Samples:
    """Each sample's value, by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total_of(samples: Samples, name: str, labels: Mapping[str, str]) -> float:
    """The sum of all samples of a name that carry these labels."""
    return sum(
        value
        for (sample, its), value in samples.items()
        if sample == name and all((label, wanted) in its for label, wanted in labels.items())
    )
