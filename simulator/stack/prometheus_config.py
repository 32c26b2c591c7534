"""The team's prometheus.yml, with only the way to targets and receivers changed.

What shapes series and alerts stays in force as written: intervals, external labels, rule files, relabelling, limits,
the alerting section with its path prefix. What was changed is listed, one line each. Secrets never reach the copy:
credentials and TLS settings are dropped, whatever else looks secret is masked, comments are left out.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.errors import InputError, Problem
from simulator.stack.discovery import Discovered
from simulator.stack.patterns import absolute, files, has_wildcard
from simulator.stack.redirect_tree import (
    drop,
    entries,
    get,
    items,
    mapping,
    place,
    put,
    read_document,
    string,
    text_of,
    write_document,
)
from simulator.stack.scrape_job import HOW_TO_SCRAPE, ScrapeJob, leave_out, redirect_job, set_proxy
from simulator.stack.secrets import drop_client_settings, drop_secret_fields, mask_user_info

_SEQ: Final = "tag:yaml.org,2002:seq"
_SENDS_OUT: Final = ("remote_write", "remote_read", "tracing")
_OF_SERVERS: Final = ("otlp", "runtime")
_WRITES_FILES: Final = ("query_log_file", "scrape_failure_log_file")
NOT_IN_A_COPY: Final = frozenset(
    {*_OF_SERVERS, *_WRITES_FILES, *HOW_TO_SCRAPE, "rule_query_offset", "scrape_config_files"}
)
"""Fields that a copy is without, so that it does not matter whether this Prometheus knows them."""
_KNOWN: Final = ("global", "rule_files", "alerting", "scrape_configs", "storage")


class PrometheusConfig:
    """A prometheus.yml made ready for a local run. `copy` is what Prometheus is started on.

    `jobs` are the scrape jobs as written; `alertmanager_prefix` is the path under which the local Alertmanager has to
    answer; `written_rules` are its patterns of rule files as they stand there, `folder` is the original's;
    `sends_alerts` is False where the file names no Alertmanager; `changes` is what was changed, for people; `lacking`
    is what of it a local run does not do.
    """

    def __init__(
        self,
        text: str,
        path: Path,
        *,
        rules: Sequence[str] | None = None,
        discovered: Mapping[str, Sequence[Discovered]] | None = None,
        default_ports: bool = True,
        more_jobs: Mapping[str, Sequence[str]] | None = None,
        called: Mapping[str, str] | None = None,
    ) -> None:
        """`path` is the original's, whose folder relative paths begin at. `rules` (globs, from the current folder)
        replace its rule files; `discovered` says what a job's service discovery would find; `default_ports` is for a
        Prometheus before 3.0; `more_jobs` are jobs to scrape, with their targets' addresses, unless it has them;
        `called` are other names of jobs that are here. Raises InputError.
        """
        self._path = path
        self._folder = path.parent.absolute()
        self._root = read_document(text, str(path), "a prometheus.yml")
        self.changes: list[str] = []
        self.lacking: tuple[str, ...] = ()
        self.alertmanager_prefix = ""
        self.rule_files = self._redirect_rules(rules)
        self._redirect_global()
        self._alertmanagers = self._redirect_alerting()
        self.sends_alerts = bool(self._alertmanagers)
        self._job_nodes = self._collect_jobs(more_jobs or {}, called or {})
        self.changes += [f"user and password of a URL masked ({where})" for where in mask_user_info(self._root)]
        self.jobs = self._redirect_jobs(discovered or {}, default_ports)
        self._redirect_others()

    @property
    def folder(self) -> Path:
        return self._folder

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        rules: Sequence[str] | None = None,
        discovered: Mapping[str, Sequence[Discovered]] | None = None,
        default_ports: bool = True,
        more_jobs: Mapping[str, Sequence[str]] | None = None,
        called: Mapping[str, str] | None = None,
    ) -> PrometheusConfig:
        """The file at `path`. Raises InputError when it cannot be read or is not a prometheus.yml."""
        text = _read(path)
        return cls(
            text,
            path,
            rules=rules,
            discovered=discovered,
            default_ports=default_ports,
            more_jobs=more_jobs,
            called=called,
        )

    def copy(
        self, *, emitter_url: str, alertmanager_url: str, without: Collection[tuple[str, str]] = frozenset()
    ) -> str:
        """The copy's text: scrapes go through the emitter, alerts to this Alertmanager. `without` are targets (job,
        address as written) that are not scraped."""
        for job in self._job_nodes:
            set_proxy(job, emitter_url)
            leave_out(job, without)
        for section in self._alertmanagers:
            put(section, "static_configs", _addresses(urlsplit(alertmanager_url).netloc))
        return write_document(self._root)

    def load_instead(self, copies: Mapping[Path, Path]) -> None:
        """Let Prometheus load copies of some of `rule_files`, which stay what the team wrote."""
        if copies:
            paths = [string(str(copies.get(file, file))) for file in self.rule_files]
            put(self._root, "rule_files", SequenceNode(_SEQ, list(paths)))

    def rules_only(self) -> str:
        """A configuration with the same rules and global section that scrapes nothing and notifies nobody."""
        kept = [(key, node) for key, node in self._root.value if text_of(key) in ("global", "rule_files")]
        return write_document(MappingNode(self._root.tag, kept))

    def without_rules(self) -> str:
        """The global section alone: a server that is only asked."""
        kept = [(key, node) for key, node in self._root.value if text_of(key) == "global"]
        return write_document(MappingNode(self._root.tag, kept))

    @property
    def external_labels(self) -> dict[str, str]:
        """Labels that every alert carries out of this Prometheus."""
        return {name: text_of(value) for name, value in entries(get(get(self._root, "global"), "external_labels"))}

    @property
    def alert_relabel_configs(self) -> list[dict[str, object]]:
        """The steps that alerts go through on their way out, as plain values."""
        section = get(get(self._root, "alerting"), "alert_relabel_configs")
        if section is None:
            return []
        document = YAML(typ="safe").load(write_document(mapping(steps=section)))
        return list(document["steps"] or ())

    def _redirect_rules(self, rules: Sequence[str] | None) -> tuple[Path, ...]:
        self.written_rules = written = [text_of(item) for item in items(get(self._root, "rule_files"))]
        if rules is not None:
            patterns = [absolute(pattern, Path.cwd()) for pattern in rules]
            self.changes.append(f"rule_files replaced by {', '.join(rules)}")
        else:
            patterns = [absolute(pattern, self._folder) for pattern in written]
        found = {pattern: files(pattern) for pattern in patterns}
        missing = [pattern for pattern, there in found.items() if not there]
        if missing and (len(missing) == len(patterns) or not all(map(has_wildcard, missing))):
            raise InputError(*[self._no_rules(pattern) for pattern in missing])
        self.changes += [f"rule_files: {pattern} matches no file here" for pattern in missing]
        if patterns or written:
            put(self._root, "rule_files", SequenceNode(_SEQ, [string(str(pattern)) for pattern in patterns]))
        if rules is None:
            moved = [w for w, pattern in zip(written, patterns, strict=True) if w != str(pattern)]
            self.changes += [f"rule_files: {w} made absolute (from the original's folder)" for w in moved]
        return tuple(sorted({file for there in found.values() for file in there}))

    def _no_rules(self, pattern: Path) -> Problem:
        node = get(self._root, "rule_files")
        line, column = place(node) if node is not None else (0, 0)
        advice = "no such rule file here, so its alerts would be silent for the wrong reason; name them with --rules"
        return Problem(str(self._path), line, column, "rule_files", f"{pattern}: {advice}")

    def _redirect_global(self) -> None:
        section = get(self._root, "global")
        if isinstance(section, MappingNode):
            removed = [name for name in (*_WRITES_FILES, *HOW_TO_SCRAPE) if drop(section, name) is not None]
            self.changes += [f"global: {name} removed" for name in removed]
            offset = text_of(drop(section, "rule_query_offset"))
            if offset.strip("0smhd"):
                self.lacking = (f"rule_query_offset ({offset}) is not simulated: rules are evaluated at once",)

    def _redirect_alerting(self) -> list[MappingNode]:
        sections = [s for s in items(get(get(self._root, "alerting"), "alertmanagers")) if isinstance(s, MappingNode)]
        prefixes = ["/" + text_of(get(section, "path_prefix")).strip("/") for section in sections]
        for number, section in enumerate(sections, 1):
            where = f"alertmanager {number}" if len(sections) > 1 else "alertmanager"
            self.changes += [f"{where}: {name} removed" for name in drop_client_settings(section)]
            if drop(section, "relabel_configs") is not None:
                self.changes.append(f"{where}: relabel_configs removed (they choose which Alertmanager is used)")
            if text_of(drop(section, "scheme")) == "https":
                self.changes.append(f"{where}: https becomes http")
            for name, _ in list(entries(section)):
                if name == "static_configs" or name.endswith("_sd_configs"):
                    drop(section, name)
                    self.changes.append(f"{where}: {name} replaced by the local Alertmanager")
            if prefixes[number - 1] != prefixes[0]:
                put(section, "path_prefix", string(prefixes[0]))
                self.changes.append(f"{where}: path_prefix {prefixes[number - 1]} became {prefixes[0]}")
        if not sections:
            self.changes.append("this file names no Alertmanager: alerts are evaluated, and nobody is notified")
        self.alertmanager_prefix = prefixes[0].rstrip("/") if prefixes else ""
        return sections

    def _collect_jobs(self, more: Mapping[str, Sequence[str]], called: Mapping[str, str]) -> list[MappingNode]:
        """The jobs of this file and, inlined, of its `scrape_config_files` (which Prometheus has from 2.43 on)."""
        node = get(self._root, "scrape_configs")
        jobs: list[Node] = [*items(node)]
        self._folders = [self._folder] * len(jobs)
        patterns = [text_of(item) for item in items(drop(self._root, "scrape_config_files"))]
        for pattern in patterns:
            paths = files(absolute(pattern, self._folder))
            for path in paths:
                found = items(get(read_document(_read(path), str(path), "a file of scrape_configs"), "scrape_configs"))
                jobs += found
                self._folders += [path.parent] * len(found)
            self.changes.append(f"scrape_config_files: {pattern} inlined ({len(paths)} files)")
        self._rename_jobs(jobs, called)
        named = {text_of(get(job, "job_name")) for job in jobs}
        for name in sorted(set(more) - named):
            addresses = SequenceNode(_SEQ, [string(address) for address in more[name]])
            static = SequenceNode(_SEQ, [mapping(targets=addresses)])
            jobs.append(mapping(job_name=string(name), static_configs=static))
            self._folders.append(self._folder)
            self.changes.append(f"job {name!r} added, as an overlay has it")
        for job in jobs:
            if not isinstance(job, MappingNode):
                raise InputError(Problem(str(self._path), *place(job), "scrape_configs", "a job has to be a mapping"))
        if jobs:
            put(self._root, "scrape_configs", SequenceNode(_SEQ, jobs))
        return [job for job in jobs if isinstance(job, MappingNode)]

    def _rename_jobs(self, jobs: list[Node], called: Mapping[str, str]) -> None:
        """Give jobs their other names; one that has several is there several times."""
        for job, folder in zip(list(jobs), list(self._folders), strict=True):
            own = text_of(get(job, "job_name"))
            others = [name for name, meant in called.items() if meant == own and name != own]
            for number, name in enumerate(others):
                other = job if number == 0 else copy.deepcopy(job)
                if isinstance(other, MappingNode):
                    put(other, "job_name", string(name))
                    self.changes.append(f"job {own!r} is called {name!r}, as crybsim.yaml says")
                if number:
                    jobs.append(other)
                    self._folders.append(folder)

    def _redirect_jobs(self, given: Mapping[str, Sequence[Discovered]], default_ports: bool) -> tuple[ScrapeJob, ...]:
        jobs = []
        if self._job_nodes:
            self.changes.append("every job: scraped through the emitter (proxy_url)")
        for node, folder in zip(self._job_nodes, self._folders, strict=True):
            job, changes = redirect_job(
                node, source=str(self._path), folder=folder, given=given, default_ports=default_ports
            )
            jobs.append(job)
            self.changes += changes
        return tuple(jobs)

    def _redirect_others(self) -> None:
        for name in _SENDS_OUT:
            if drop(self._root, name) is not None:
                self.changes.append(f"{name} removed: it would send data out")
        self.changes += [f"{name} removed" for name in _OF_SERVERS if drop(self._root, name) is not None]
        for name, node in list(entries(self._root)):
            if name not in _KNOWN:
                removed = drop_secret_fields(node)
                inside = f", without {', '.join(removed)}" if removed else ""
                self.changes.append(f"{name}: kept as it is{inside}")


def _addresses(address: str) -> SequenceNode:
    return SequenceNode(_SEQ, [mapping(targets=SequenceNode(_SEQ, [string(address)], flow_style=True))])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
