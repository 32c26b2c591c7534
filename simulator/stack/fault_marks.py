"""One scrape job more for a stack that people look at: the emitter's own word on which fault acts when.

A copy that is rehearsed never gets it. There, every series that rules can see is one that production has too.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from ruamel.yaml.nodes import MappingNode, SequenceNode

from simulator.stack.redirect_tree import get, items, mapping, put, read_document, string, write_document

JOB: Final = "crybsim"
_SEQ: Final = "tag:yaml.org,2002:seq"


def with_fault_marks(copy: str, emitter_url: str, path: str) -> str:
    """A copied prometheus.yml that scrapes the emitter itself too, at `path`."""
    root = read_document(copy, "prometheus.yml", "a prometheus.yml")
    target = SequenceNode(_SEQ, [string(urlsplit(emitter_url).netloc)], flow_style=True)
    job: MappingNode = mapping(
        job_name=string(JOB),
        metrics_path=string(path),
        scrape_interval=string("15s"),
        static_configs=SequenceNode(_SEQ, [mapping(targets=target)]),
    )
    put(root, "scrape_configs", SequenceNode(_SEQ, [*items(get(root, "scrape_configs")), job]))
    return write_document(root)
