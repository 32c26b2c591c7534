"""Every metric that the platform contract and the monitoring guide name is in the catalogue, or it is said why not.

contract_names.txt has one metric a line, after the job that exposes it; `-` where no job is known. Names are as in the
contract's section 5, its abbreviations written out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.catalog.inventory import FAMILIES
from simulator.catalog.looked_at import sample_names

LINES = Path(__file__).with_name("contract_names.txt").read_text(encoding="utf-8").splitlines()
NAMED = [(job, name) for job, name in (line.split() for line in LINES if line and not line.startswith("#"))]
EXPOSED = {(family.job, name) for family in FAMILIES for name in (family.name, *sample_names(family))}
NOT_EXPOSED = {
    "blackbox-ssl": "a TCP probe asks for no page, so it has no figures of HTTP",
    "-": "nobody scrapes Loki and Promtail: the contract has no job for them",
}
"""Jobs some or all of whose names are left out, and why."""
LEFT_OUT = {
    ("blackbox-ssl", "probe_http_status_code"),
    ("blackbox-ssl", "probe_http_duration_seconds"),
    ("blackbox-ssl", "probe_http_ssl"),
    *((job, name) for job, name in NAMED if job == "-"),
}


@pytest.mark.parametrize(("job", "name"), NAMED, ids=lambda part: part)
def test_the_catalogue_has_what_the_contract_names(job: str, name: str) -> None:
    prefix = name[:-1] if name.endswith("*") else ""
    found = any(where == job and (there.startswith(prefix) if prefix else there == name) for where, there in EXPOSED)
    assert found == ((job, name) not in LEFT_OUT)


def test_what_is_left_out_is_named_with_a_reason() -> None:
    assert {job for job, _ in LEFT_OUT} == set(NOT_EXPOSED)
    assert set(NAMED) >= LEFT_OUT
