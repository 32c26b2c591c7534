"""deploy/ without a cluster: the Indexed Job covers every shard once, by a command line that exists."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from simulator.cli.options import chosen_shard
from simulator.profile.load import resolve_profile
from tests.test_compose import parse

ROOT = Path(__file__).parents[1]
CLAIM, JOB = YAML(typ="safe").load_all(ROOT / "deploy" / "kubernetes" / "backfill-indexed-job.yaml")
SPEC: dict[str, Any] = JOB["spec"]
POD: dict[str, Any] = SPEC["template"]["spec"]
(CONTAINER,) = POD["containers"]
ENVIRONMENT = {entry["name"]: entry["value"] for entry in CONTAINER["env"]}


def command_line(index: int) -> list[str]:
    """What the pod of that index runs, the shell's part done by a shell."""
    (script,) = CONTAINER["args"]
    assert script.count("exec crybsim ") == 1
    shown = subprocess.run(
        [*CONTAINER["command"], script.replace("exec crybsim ", "echo crybsim ")],
        env={**ENVIRONMENT, "JOB_COMPLETION_INDEX": str(index), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return shlex.split(shown.stdout)


LINES = [command_line(index) for index in range(SPEC["completions"])]


def flag(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_it_is_an_indexed_job_whose_pods_run_side_by_side() -> None:
    assert (JOB["apiVersion"], JOB["kind"], SPEC["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert SPEC["parallelism"] == SPEC["completions"]
    assert POD["restartPolicy"] in ("OnFailure", "Never")


def test_every_shard_is_made_once_into_a_folder_of_its_own() -> None:
    shards = [chosen_shard(flag(words, "--shard")) for words in LINES]
    assert {str(shard) for shard in shards} == {f"{n}/{SPEC['completions']}" for n in range(1, SPEC["completions"] + 1)}
    assert len({flag(words, "--tsdb") for words in LINES}) == SPEC["completions"]


def test_all_pods_make_the_same_hours_of_a_profile_that_is_there() -> None:
    assert len({(words[2], flag(words, "--from"), flag(words, "--to")) for words in LINES}) == 1
    assert flag(LINES[0], "--from").endswith("Z")
    assert resolve_profile(LINES[0][2]).is_file()


@pytest.mark.parametrize("words", LINES, ids=lambda words: flag(words, "--shard"))
def test_the_command_line_exists(words: list[str]) -> None:
    assert parse(words).params["shard"] == flag(words, "--shard")


def test_volumes_and_claim_belong_together() -> None:
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    mounted = {mount["name"] for mount in CONTAINER["volumeMounts"]}
    assert mounted == set(volumes)
    assert volumes["history"]["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    assert CLAIM["spec"]["accessModes"] == ["ReadWriteMany"]


def test_it_runs_the_image_of_the_compose_file_as_an_ordinary_user() -> None:
    compose = YAML(typ="safe").load(ROOT / "docker-compose.sim.yml")
    assert CONTAINER["image"] == compose["x-crybsim"]["image"]
    assert POD["securityContext"]["runAsNonRoot"] is True
