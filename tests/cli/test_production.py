"""What runs in production: crybsim.yaml says it, a flag beats it, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.team import production_of
from simulator.errors import InputError
from simulator.profile.settings import Settings, load_settings
from simulator.rehearsal.request import Production

YAML = """
production:
  prometheus: "2.53"
  rules_path: /etc/prometheus/rules
  prometheus_url: https://prometheus.example.org/
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "crybsim.yaml").write_text(YAML)
    return load_settings(tmp_path / "crybsim.yaml")


def test_the_file_says_it_and_a_flag_beats_it(settings: Settings) -> None:
    assert production_of(settings, None) == Production(
        prometheus="2.53", rules_path="/etc/prometheus/rules", prometheus_url="https://prometheus.example.org/"
    )
    told = production_of(settings, ["prometheus=3.5.0", "alertmanager_url=https://am.example.org"])
    assert (told.prometheus, told.alertmanager_link) == ("3.5.0", "https://am.example.org")
    assert told.prometheus_link == "https://prometheus.example.org"


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("prometheus", "write KEY=VALUE"),
        ("promtheus=3.5", "'promtheus' is none of prometheus, alertmanager"),
        ("promtheus=3.5", "did you mean 'prometheus'?"),
        ("prometheus=new", "not what prometheus can be"),
        ("prometheus_url=example.org", "not what prometheus_url can be"),
    ],
)
def test_a_mistake_is_named(settings: Settings, flag: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        production_of(settings, [flag])
    assert says in str(caught.value)
