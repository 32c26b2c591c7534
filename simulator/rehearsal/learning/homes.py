"""Which scrape job exposes what: a team's own jobs beside those of the catalogue.

Rules name a metric, and now and then a job. Where a metric belongs follows from the job that a rule names, from the
catalogue's own metrics of the same kind (`node_…`), or from the job of the team's that nothing else stands in for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.jobs import CRYB_API
from simulator.engine.expressions import Expression
from simulator.rehearsal.learning.used_families import BySampleName, UsedFamily, used_families
from simulator.stack.routes import catalogue_job_of
from simulator.stack.scrape_job import ScrapeJob

_APPLICATION: Final = re.compile(r"api|app|backend|server|web|gateway|service|site|frontend", re.IGNORECASE)
_OTHERS: Final = re.compile(
    r"exporter|push-?gateway|kube|etcd|coredns|consul|vault|traefik|jenkins|kafka|rabbit|mongo|mysql|haproxy|statsd"
    r"|docker|snmp|windows|exporter|apiserver|loki|promtail|tempo|mimir|thanos|argo",
    re.IGNORECASE,
)
_OF_ANYTHING: Final = frozenset({"http", "process", "go", "nodejs", "app", "request", "requests", "job", "jvm"})
"""First words of metrics that any job may have."""
_OF_FEW: Final = 2
_OF_REQUESTS: Final = re.compile(r"http|request|response", re.IGNORECASE)


@dataclass(frozen=True)
class Homes:
    """`scraped` are the catalogue's jobs that are scraped (None: all, for want of a prometheus.yml), `own` the team's
    jobs that nothing in the catalogue stands for, with the number of their targets, and `mapping` the catalogue's job
    for each of the others: by its name or port, or as a person or a guess said."""

    scraped: frozenset[str] | None = None
    own: Mapping[str, int] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    default: str = CRYB_API
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Jobs of metrics by the first word of their names, as rules name them."""
    found: frozenset[str] = frozenset()
    """Those of `scraped` that no job is named for: discovery of whatever runs stands for them."""

    def is_scraped(self, job: str) -> bool:
        """Whether anything of a job of the catalogue is seen."""
        return self.scraped is None or job in self.scraped

    def of(self, metric: str, named: str, catalogue: Catalogue) -> str:
        """The job that a metric of the team's belongs to; `named` is the job that a rule asks for, or empty."""
        kind = metric.partition("_")[0]
        for asked in (named, "" if kind in _OF_ANYTHING else self.kinds.get(kind, "")):
            if asked in self.mapping:
                return self.mapping[asked]
            if asked and (self.scraped is None or asked in self.own):
                return asked
        alike = Counter(
            f.job for f in catalogue.families if f.name.partition("_")[0] == kind and self.is_scraped(f.job)
        )
        if alike and kind not in _OF_ANYTHING:
            return alike.most_common(1)[0][0]
        by_name = next((job for job in self.own if kind.lower() in re.split(r"[^a-z0-9]+", job.lower())), "")
        return by_name or self.default


def homes_of(catalogue: Catalogue, jobs: Sequence[ScrapeJob] | None, mapping: Mapping[str, str]) -> Homes:
    """Who stands for the jobs of a prometheus.yml; `jobs` is None where there is none."""
    known = {job.name for job in catalogue.jobs}
    if jobs is None:
        return Homes(mapping=mapping)
    scraped: set[str] = set()
    own: dict[str, int] = {}
    stands: dict[str, str] = {}
    finds_all = False
    for job in jobs:
        for target in job.targets:
            found = catalogue_job_of(job, target, known, mapping)
            if found:
                scraped.add(found)
                stands.setdefault(job.name, found)
            else:
                own[job.name] = len(job.targets) - len(job.spare)
        finds_all = finds_all or (bool(job.spare) and job.name in own)
    discovered = known - scraped if finds_all else set()
    scraped |= discovered
    default = CRYB_API if CRYB_API in scraped else next(iter(own), next(iter(sorted(scraped)), CRYB_API))
    return Homes(frozenset(scraped), own, {**stands, **mapping}, default, found=frozenset(discovered))


def with_kinds(homes: Homes, families: Iterable[UsedFamily]) -> Homes:
    """The same, knowing under which jobs rules ask for metrics of a kind: `kube_…` is kube-state-metrics's."""
    kinds = {used.name.partition("_")[0]: used.job for used in families if used.job}
    return replace(homes, kinds=kinds)


def guess_jobs(expressions: Iterable[Expression], catalogue: Catalogue, homes: Homes) -> dict[str, str]:
    """Which job of the catalogue jobs that nothing stands for are, by what rules ask of them; a guess."""
    readable = [expression for expression in expressions if expression.uses is not None]
    known = {job.name for job in catalogue.jobs}
    by_name = BySampleName(catalogue.families)
    asked: dict[str, Counter[str]] = {}
    of_requests = False
    for used in used_families(readable):
        of_requests = of_requests or bool(_OF_REQUESTS.search(used.name))
        of = {family.job for family in by_name.meant(used, "")}
        of = set() if len(of) > _OF_FEW else of  # `process_…`, which every exporter has, tells nothing
        for named in used.jobs:
            asked.setdefault(named, Counter()).update(of)
            if not of and _OF_REQUESTS.search(used.name) and not _OTHERS.search(named):
                asked[named][CRYB_API] += 1
    guessed: dict[str, str] = {}
    for named, counts in asked.items():
        free = [job for job, _ in counts.most_common() if job not in guessed.values() and job not in asked]
        is_free = named in homes.own if homes.scraped is not None else named not in known
        if is_free and named not in homes.mapping and free:
            guessed[named] = free[0]
    taken = {*homes.mapping.values(), *guessed.values()}
    if homes.scraped is not None and of_requests and CRYB_API not in (homes.scraped - homes.found) | taken:
        candidates = [job for job in homes.own if job not in {**guessed, **homes.mapping} and not _OTHERS.search(job)]
        application = next((job for job in candidates if _APPLICATION.search(job)), None)
        if application:
            guessed[application] = CRYB_API
    return guessed
