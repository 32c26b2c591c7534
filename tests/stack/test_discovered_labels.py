"""Labels that discovery would give, guessed such that a job's own relabelling keeps its stand-ins."""

from __future__ import annotations

import pytest

from simulator.engine.relabel import Relabelling, RelabelRule
from simulator.stack.discovered_labels import Step, guess_labels

APP = "__meta_kubernetes_pod_label_app"
NAMESPACE = "__meta_kubernetes_namespace"
POD = "__meta_kubernetes_pod_name"


def kept(steps: list[Step], job: str = "api") -> dict[str, str] | None:
    """The labels of the first stand-in after the steps, by our own relabelling; None where they drop it."""
    rules = [
        RelabelRule(step.action, step.sources, step.separator, step.regex, step.target or "", "$1") for step in steps
    ]
    known = {"job": job, "__address__": "api:80"}
    return Relabelling(rules).apply({**known, **guess_labels(steps, job, known)})


def keep(regex: str, *sources: str, separator: str = ";") -> Step:
    return Step("keep", sources, separator, regex, "")


@pytest.mark.parametrize(
    "regex",
    [
        "cryb-api", "true", "api|web", "(api|web)", "cryb-(api|web)", "prod-.*", ".+", "(?i)true", "^x$", "[a-z]+-api",
        r"api\.v1", r"\d+", r"[0-9]+", "(?:a|b)-c?", "([^:]+)", ".*,prod,.*",
    ],
)  # fmt: skip
def test_a_kept_label_gets_a_value_that_is_kept(regex: str) -> None:
    assert kept([keep(regex, APP)]) is not None


def test_several_labels_share_one_pattern() -> None:
    labels = kept([keep("cryb;(api|web);https?", NAMESPACE, "__meta_kubernetes_service_name", "__meta_port_name")])
    assert labels is not None
    assert labels[NAMESPACE] == "cryb"
    assert kept([keep("cryb_api", NAMESPACE, APP, separator="_")]) is not None


def test_one_step_does_not_undo_another() -> None:
    labels = kept([keep("cryb|shop", NAMESPACE), keep("shop;.+", NAMESPACE, APP)])
    assert labels is None  # the first guess stands: better dropped and said than guessed twice
    assert kept([keep("shop", NAMESPACE), keep("(cryb|shop);.+", NAMESPACE, APP)]) is None
    assert kept([keep("cryb", NAMESPACE), keep("(cryb|shop);.+", NAMESPACE, APP)]) is not None


def test_what_series_carry_gets_a_usual_name_and_what_steers_the_scrape_none() -> None:
    steps = [
        Step("replace", (POD,), ";", "(.*)", "pod"),
        Step("replace", (NAMESPACE,), ";", "(.*)", "namespace"),
        Step("replace", ("__meta_kubernetes_pod_annotation_path",), ";", "(.+)", "__metrics_path__"),
    ]
    assert guess_labels(steps, "api", {}, 3, namespace="cryb") == {POD: "api-2", NAMESPACE: "cryb"}


def test_what_is_known_stays() -> None:
    assert guess_labels([keep("web", APP)], "api", {APP: "api"}) == {}
    assert guess_labels([keep("other", "job")], "api", {"job": "api"}) == {}


def test_what_is_no_simple_pattern_is_not_guessed() -> None:
    assert guess_labels([keep("(?P<a>x)(?=y)", APP), keep("((", APP)], "api", {}) == {}
