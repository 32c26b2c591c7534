"""Selectors as every panel writes them: the job is named, variables filter the rest.

`environment` is an external label: a Prometheus asked directly does not store it, a store that several of them write to
does. `$environment` stands for `.*` until somebody chooses, which also matches series without the label.
"""

from __future__ import annotations

from typing import Final

ENVIRONMENT: Final = 'environment=~"$environment"'
INSTANCE: Final = 'instance=~"$instance"'
ROUTE: Final = 'route=~"$route"'
RATE: Final = "[$__rate_interval]"


def of(job: str, metric: str, *matchers: str, instance: bool = True) -> str:
    """A family of one job. `instance=False` where every instance of the job tells the same number."""
    return _selector(metric, f'job="{job}"', *((INSTANCE,) if instance else ()), *matchers, ENVIRONMENT)


def recorded(metric: str, *matchers: str) -> str:
    """A series that a recording rule or Prometheus itself makes."""
    return _selector(metric, *matchers, ENVIRONMENT)


def rate(selector: str, by: str = "") -> str:
    """Events a second, added up."""
    return f"sum{f' by ({by})' if by else ''} (rate({selector}{RATE}))"


def quantile(share: float, buckets: str, by: str = "") -> str:
    """A quantile over all series that `by` does not tell apart."""
    kept = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({kept}) (rate({buckets}{RATE})))"


def ratio(part: str, whole: str, by: str = "") -> str:
    """One sum of rates over another, both added up before they are divided.

    0, not absent, where there is no series of `part`; absent, not NaN, while nothing happens.
    """
    return f"({rate(part, by)} or 0 * {rate(whole, by)}) / ({rate(whole, by)} > 0)"


def _selector(metric: str, *matchers: str) -> str:
    return f"{metric}{{{', '.join(matchers)}}}"
