"""Production's path of a rule file: told, or taken from prometheus.yml."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.rehearsal.production_paths import production_path

HERE = Path("/home/team/monitoring/prometheus")


@pytest.mark.parametrize(
    ("file", "told", "written", "path"),
    [
        ("rules/a.yml", None, ["rules/*.yml"], "/etc/prometheus/rules/a.yml"),
        ("rules/a.yml", None, ["/opt/rules/*.yml"], "/opt/rules/a.yml"),
        ("rules/a.yml", None, ["/opt/rules/b*.yml", "other/a.yml"], "/etc/prometheus/other/a.yml"),
        ("rules/deep/a.yml", None, ["rules/*/*.yml"], "/etc/prometheus/rules/deep/a.yml"),
        ("../../elsewhere/a.yml", None, [], "/etc/prometheus/rules/a.yml"),
        ("rules/a.yml", "/srv/rules", ["rules/*.yml"], "/srv/rules/a.yml"),
        ("rules/a.yml", "/srv/rules/", ["rules/*.yml"], "/srv/rules/a.yml"),
        ("rules/a.yml", "/srv/rules/all.yaml", ["rules/*.yml"], "/srv/rules/all.yaml"),
    ],
)
def test_the_path_of_a_rule_file(file: str, told: str | None, written: list[str], path: str) -> None:
    assert production_path(Path(f"{HERE}/{file}").resolve(), told, written, HERE) == path
