"""crybsim.yaml: found upwards, paths from its folder, mistakes told like a profile's."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.profile.settings import expand, load_settings


def complaints(folder: Path, text: str) -> list[str]:
    path = folder / "crybsim.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_settings(path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_the_nearest_file_upwards_counts_and_paths_start_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "team" / "deep"
    (tmp_path / "team" / "rules").mkdir(parents=True)
    below.mkdir()
    for name in ("b.yml", "a.yml", "c.txt"):
        (tmp_path / "team" / "rules" / name).touch()
    (tmp_path / "crybsim.yaml").write_text("rules: [nothing.yml]\n")
    (tmp_path / "team" / "crybsim.yaml").write_text("rules: [rules/*.yml]\nalertmanager_config: /etc/am.yml\n")
    monkeypatch.chdir(below)
    settings = load_settings()
    assert [path.name for path in settings.files(settings.rules)] == ["a.yml", "b.yml"]
    assert settings.folder == tmp_path / "team"
    assert settings.file(settings.alertmanager_config) == Path("/etc/am.yml")
    assert settings.file(settings.prometheus_config) is None


def test_without_a_file_everything_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.rules == ()
    assert settings.limits.rate is None
    assert settings.folder == Path()


def test_all_mistakes_at_once_with_their_places(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        "rule: [a.yml]\nprometheus_url: prometheus:9090\nproduction:\n  prometheus: 2.45\n"
        "limits: {users: 0, rate: 20}\nallowed_hosts: ['http://x']\n",
    )
    assert [line.split(": ")[0] for line in found] == ["1:1", "2:17", "4:15", "5:17", "5:26", "6:17"]
    assert "did you mean 'rules'?" in found[0]
    assert "a version in quotes" in found[2]


def test_everything_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "crybsim.yaml"
    path.write_text(
        "rules: [rules/*.yml]\nprometheus_config: p.yml\nalertmanager_config: a.yml\ndashboards: ['d/*.json']\n"
        "overlays: [o.yaml]\nprometheus_bin: /opt/prometheus\nalertmanager_bin: bin/alertmanager\n"
        "production: {prometheus: '2.45', alertmanager: v0.25.0}\nallowed_hosts: [staging.example.org, '10.0.0.1:80']\n"
        "prometheus_url: http://p.example.org/prefix\nalertmanager_url: https://a.example.org\n"
        "discovered: {api: [{targets: ['a:1'], labels: {__meta_x: y}}]}\njobs: {api: cryb-api}\n"
        "loki_url: http://l.example.org:3100\ngrafana_url: http://g.example.org\nlimits: {users: 500, rate: 200/s}\n"
        "target: ours.yaml\n"
    )
    settings = load_settings(path)
    assert settings.limits.rate == 200.0
    assert settings.file(settings.alertmanager_bin) == tmp_path / "bin" / "alertmanager"
    assert set(type(settings).model_fields) == settings.model_fields_set


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd[1].yml").touch()
    assert expand(["odd[1].yml"], tmp_path) == (tmp_path / "odd[1].yml",), "a literal name is not a pattern"
    with pytest.raises(InputError) as caught:
        expand(["x/*.yml", "**x", ""], tmp_path)
    assert len(caught.value.problems) == 3
