"""The page: verdict first, whole in one file, closed to text that wants out of its place, readable without eyes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.report import render_html
from simulator.report.html import MOST_BYTES, UPLOT_VERSION
from simulator.telemetry.observations import Gap, NotificationKind
from simulator.telemetry.series import ReportSeries
from simulator.units import MINUTE, SECOND
from tests.report.pages import INSTANTS, SERIES, Tree
from tests.verdict.scene import (
    DISK_FIRED,
    END,
    FIRED,
    ONSET,
    OUTAGE,
    PASSING,
    QUIET,
    SILENT,
    START,
    Scene,
    fired,
    load_measured,
    told,
)

SCENES = {
    "passing": PASSING,
    "failing": PASSING.plus(*DISK_FIRED),
    "blind": PASSING.plus(Gap(ONSET, "prometheus", "connection refused")),
    "silent": SILENT,
    "outage": OUTAGE,
    "quiet": QUIET,
}


def page_of(scene: Scene, series: tuple[ReportSeries, ...] = SERIES) -> str:
    return render_html(scene.judged(), scene.journal, series)


@pytest.fixture(params=sorted(SCENES))
def tree(request: pytest.FixtureRequest) -> Tree:
    return Tree(page_of(SCENES[request.param]))


def test_the_verdict_comes_first_and_what_it_means_before_the_evidence() -> None:
    text = " ".join(Tree(page_of(PASSING)).text.split())
    places = [
        text.index(part)
        for part in (
            "PASS api-errors",
            "9 expectations met, everything observed",
            "What this pass means",
            "judged by Prometheus 2.42.0",
            "Drag to zoom",
            "Episodes of HighErrorRate",
            "fires above 0.05",
            "Who was notified",
            "Requests by name",
            "crybsim rehearse profiles/api-errors.yaml --mode live --seed 1",
        )
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("scene", "says"),
    [
        ("failing", "What this fail means"),
        ("failing", "expected: never fires"),
        ("blind", "INCONCLUSIVE api-errors"),
        ("silent", "never fired"),
        ("quiet", "Nobody was notified of anything."),
    ],
)
def test_it_says_what_is_amiss(scene: str, says: str) -> None:
    text = " ".join(Tree(page_of(SCENES[scene])).text.split())
    assert says in text


def test_nothing_is_loaded_from_anywhere(tree: Tree) -> None:
    for tag, attributes in tree.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(name)
            assert address is None or address.startswith("#") or address == "data:,", (tag, address)
    for style in tree.raw["style"]:
        assert "url(" not in style
        assert "@import" not in style
    assert not [name for _, attributes in tree.elements for name in attributes if name.startswith("on")]
    assert not [1 for _, attributes in tree.elements if "style" in attributes], "the policy would drop it"


def test_the_policy_names_exactly_its_own_script_and_style(tree: Tree) -> None:
    (policy,) = [a["content"] for a in tree.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    (style,) = tree.raw["style"]
    _, script = tree.raw["script"]  # the first is data
    for directive, text in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert UPLOT_VERSION in script


def test_landmarks_headings_tables_and_names(tree: Tree) -> None:
    tags = [tag for tag, _ in tree.elements]
    for landmark in ("header", "nav", "main", "footer"):
        assert tags.count(landmark) == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    assert tags.count("table") == tags.count("caption")
    identities = [attributes["id"] for _, attributes in tree.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    for _, attributes in tree.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, identities[0]) in identities
        href = attributes.get("href")
        assert href is None or not href.startswith("#") or href[1:] in identities
        if attributes.get("role") in ("img", "group") or "aria-roledescription" in attributes:
            assert attributes.get("aria-label")
    for attributes in tree.all("th"):
        assert attributes.get("scope") in ("row", "col")
    assert tree.all("html")[0]["lang"] == "en"


def test_every_chart_has_its_data_a_legend_and_a_table() -> None:
    page = page_of(PASSING)
    tree = Tree(page)
    charts = json.loads(tree.raw["script"][0])["charts"]
    drawn = [a["data-chart"] for _, a in tree.elements if "data-chart" in a]
    assert sorted(str(key) for key in drawn) == sorted(key for key in charts if charts[key]["y"])
    assert len([1 for _, a in tree.elements if "data-legend" in a]) == len(drawn)
    assert page.count('<table class="numbers">') == len(drawn) + 1  # and the requests by name
    (errors,) = [chart for chart in charts.values() if chart["threshold"] == 0.05]
    assert errors["x"][:2] == [5, 20]
    assert max(errors["y"][0]) == 0.2
    assert [state for _, _, state in errors["episodes"]] == ["pending", "firing"]
    assert "above 0.05 between +2m35s and +6m50s" in page


def test_the_error_budget_is_shown_measured_against_true() -> None:
    tree = Tree(page_of(PASSING))
    charts = json.loads(tree.raw["script"][0])["charts"]
    budget = charts["budget-0"]
    assert budget["dashed"] == [False, True]
    assert max(value for value in budget["y"][0] if value is not None) == 150
    assert "Burn rate over the last 5m, objective 99.9 %" in tree.text


def test_without_journal_and_series_the_verdict_is_still_there() -> None:
    text = Tree(render_html(PASSING.judged())).text
    assert "What this pass means" in text
    assert "kept no values" in text


PIECES = st.lists(
    st.sampled_from(
        [
            "</script>", "<script>alert(1)</script>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>", '"',
            "&lt;", "&", "<", ">", "{{ 7*7 }}", "{% raw %}", "</style>", "</title>", "\u2028", "\x00", "\ud800", "é",
            "x y", "'", "`",
            "javascript:alert(1)", "' onmouseover='x", "\\", "\n",
        ]
    ),
    max_size=6,
).map("".join)  # fmt: skip
ANY = st.one_of(st.text(min_size=1), PIECES.filter(bool))


def hostile(text: str) -> str:
    """A page with the text in every place that users, servers and rules can reach."""
    labels = (("note", text), ("severity", "critical"))
    scene = PASSING.plus(
        *fired("Odd", ONSET, ONSET, labels),
        Gap(ONSET, text, text),
        told(NotificationKind.SLACK, text, text, FIRED + MINUTE, title=text, text=text, problem=text),
    )
    series = tuple(replace(one, expression=text, labels=labels) for one in SERIES)
    verdict = scene.judged()
    run = verdict.run.model_copy(update={"profile": text, "rerun": text, "versions": {text: text}, "run_id": text})
    claims = tuple(claim.model_copy(update={"text": text, "title": text}) for claim in verdict.claims)
    changed = {"run": run, "claims": claims, "notes": (text,), "reason": text}
    return render_html(verdict.model_copy(update=changed), scene.journal, series)


HARMLESS = Tree(hostile("harmless"))


@settings(max_examples=40, deadline=None)
@given(text=ANY)
def test_text_of_users_stays_text(text: str) -> None:
    """Whatever it is, the page has the same elements with the same attributes, and the same programs."""
    tree = Tree(hostile(text).encode().decode())
    assert tree.shape == HARMLESS.shape
    assert tree.raw["script"][1] == HARMLESS.raw["script"][1]
    assert json.loads(tree.raw["script"][0])["charts"].keys() == json.loads(HARMLESS.raw["script"][0])["charts"].keys()


def test_a_huge_run_fits_and_says_what_is_missing() -> None:
    many = PASSING.plus(
        *(one for n in range(300) for one in fired(f"Odd{n}", ONSET, ONSET + MINUTE, (("path", "x" * 500 + str(n)),))),
        *(
            told(NotificationKind.SLACK, "critical", f"#c{n}", FIRED + n * SECOND, text="y" * 3000, problem="z" * 900)
            for n in range(1500)
        ),
        *(load_measured(START + n * 100) for n in range(20_000) if START + n * 100 < END),
    )
    series = tuple(
        ReportSeries(f"Odd{n}", "rate(x[5m])" * 40, (("path", "x" * 800), ("m", str(m))), 0.5, ">",
                     INSTANTS, tuple(n + m + k / 7 for k in range(len(INSTANTS))), series_count=900)
        for n in range(300) for m in range(12)
    )  # fmt: skip
    page = page_of(many, series)
    assert len(page.encode()) < MOST_BYTES
    text = " ".join(Tree(page).text.split())
    assert re.search(r"[\d,]+ more lanes in verdict.json", text)
    assert re.search(r"1,\d\d\d more notifications in verdict.json", text)
    assert "more series are farther from the threshold" in text
