"""Every mistake is told at once, and the place told is the place of the mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.errors import ExitCode, InputError, Problem
from simulator.profile.document import render_steps
from simulator.profile.load import load_profile, parse_profile, resolve_profile
from simulator.profile.schema import FORMER_JOURNEYS, Profile
from simulator.resources import shipped
from simulator.units import MINUTE

FILE = "profiles/every-field.yaml"
Steps = tuple[str | int, ...]

NUMBERS = {
    "seed": [-1, 2**63, 1.5],
    "registered_users": [9, 10**9 + 1],
    "api": [0, 501],
    "web": [0, 501],
    "postgres": [0, 51],
    "redis": [-3],
    "node": [0, 5001],
    "livekit": [0, 501, 0.5],
    "trough": [-0.01, 1.01],
    "weekend": [0, 5.5],
    "scale": [0, -1, 1001],
    "max_users": [0, 100_001],
    "tolerance": [-0.1, 2],
    "to": [-1, 1001],
    "max_in_flight": [0, 100_001],
    "lurker": [-1, 1001],
    "poster": [-1],
    "buyer": [-1],
    "duty": [0, 1],
    "intensity": [0, 1.0001, -1],
}
TEXTS = {
    "name": ["Every Field", "", "ümlaut"],
    "description": ["", "x" * 2001],
    "start": ["2026-13-01T00:00:00", "yesterday", "2026-01-07", "1999-12-31T23:59:59", "2026-02-30T00:00:00"],
    "time_zone": ["Europe/Berlim", "", "utc+1"],
    "peak": ["20", "fast", "0/s", "20/y", "-1/s"],
    "id": ["Has Space", "-x", ""],
    "caused_by": ["Has Space", "nobody"],
    "kind": ["http_erors", "nothing-like-it"],
    "route": ["/api/v1/postz", "posts"],
    "instance": ["api-4", "redis-1", "api"],
    "size": ["tny", "huge"],
    "model": ["opn", "half"],
    "shape": ["evning", "pulse", "square"],
    "delay": ["0", "11m", "2"],
}
DURATIONS = {"duration", "length", "resolution", "at", "for", "ramp", "period"} | {
    "fires_within",
    "fires_after",
    "resolves_within",
}
BAD_DURATIONS = [90, "90", "5 min", "-5m", "", "1m1h", "101y", 1.5]
BOOLEANS = {"no_other_alerts", "reviewed"}
REQUIRED = {
    "": ("name", "description", "start", "duration"),
    "faults": ("id", "kind", "at", "for"),
    "alerts": ("name",),
    "stages": ("for", "to"),
}


def every_steps(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The way to every node, root included."""
    yield steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from every_steps(inner, (*steps, step))


def node_at(data: Any, steps: Steps) -> Any:
    for step in steps:
        data = data[step]
    return data


def mapping_name(steps: Steps) -> str:
    """The key that a mapping, or the list of mappings that it is in, stands under."""
    return next((str(step) for step in reversed(steps) if isinstance(step, str)), "")


def mutations(data: dict[str, Any]) -> list[tuple[str, Steps, Any]]:
    """Every (kind of mutation, node, argument) that this profile offers."""
    found: list[tuple[str, Steps, Any]] = []
    for steps in every_steps(data):
        value, last = node_at(data, steps), steps[-1] if steps else ""
        if isinstance(value, dict):
            if last not in ("labels", "parameters", "regions"):
                found.append(("unknown key", steps, "zzz-unknown"))
                found += [("unknown key", steps, key + "x") for key in value if key not in ("at", "id", "api", "for")]
            if last == "regions":
                found.append(("bad label", steps, "Not a region"))
            if last == "parameters":
                found.append(("unknown key", steps, "dely"))
            found += [("missing key", steps, key) for key in REQUIRED.get(mapping_name(steps), ()) if key in value]
        if not steps:
            continue
        if isinstance(value, dict | list):
            found += [("wrong value", steps, wrong) for wrong in (7, "text", None, True)]
            found.append(("wrong value", steps, [] if isinstance(value, dict) else {"a": 1}))
            continue
        found += [("wrong value", steps, wrong) for wrong in ([1, 2], {"a": 1})]
        if not isinstance(value, bool):
            found.append(("wrong value", steps, True))
        if last in NUMBERS or last in BOOLEANS:
            found += [("wrong value", steps, wrong) for wrong in ("many", "yes", *NUMBERS.get(str(last), ()))]
        if last in TEXTS:
            found += [("wrong value", steps, wrong) for wrong in TEXTS[str(last)]]
        if last in DURATIONS:
            found += [("wrong value", steps, wrong) for wrong in BAD_DURATIONS]
        if len(steps) > 1 and steps[-2] in ("silent", "ignore", "notifies", "scenarios"):
            found += [("wrong value", steps, wrong) for wrong in ("no thing", 5, None)]
        if len(steps) > 1 and steps[-2] == "labels":
            found += [("wrong value", steps, 5), ("bad label", steps[:-1], "not-a-label")]
    return found


def apply(data: dict[str, Any], mutation: tuple[str, Steps, Any]) -> tuple[str, Steps]:
    """Mutate, and tell what is now wrong: the path, and the node (marked "key") whose place must be told."""
    kind, steps, argument = mutation
    if kind in ("unknown key", "bad label"):
        node_at(data, steps)[argument] = 1 if steps[-1:] == ("regions",) else "1s"
        return "key", (*steps, argument)
    if kind == "missing key":
        del node_at(data, steps)[argument]
        return "missing", (*steps, argument)
    node_at(data, steps[:-1])[steps[-1]] = argument
    return "value", steps


def place_of(written: Any, wrong: tuple[str, Steps]) -> tuple[int, int, str]:
    which, steps = wrong
    if which == "key":
        line, column = written.keys[steps]
    else:
        line, column = written.values[steps[:-1] if which == "missing" else steps]
    return line, column, render_steps(steps)


def complaints(text: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        parse_profile(text, file=FILE)
    assert caught.value.exit_code is ExitCode.USAGE
    for problem in caught.value.problems:
        assert isinstance(problem, Problem)
        assert "\n" not in str(problem)
        assert str(problem).startswith(f"{FILE}:{problem.line}:{problem.column}: {problem.path}: ")
        assert "Input should" not in problem.message, "pydantic's words are not for people"
    return list(caught.value.problems)


style = st.fixed_dictionaries(
    {"indent": st.sampled_from([2, 4]), "flow_below": st.sampled_from([1, 2, 3, 99]), "comments": st.booleans()}
)


@settings(max_examples=250, deadline=None)
@given(draw=st.data())
def test_a_mutation_is_told_where_it_is(
    draw: st.DataObject, every_field: Callable[[], dict[str, Any]], writer: Callable[..., Any]
) -> None:
    data = every_field()
    mutation = draw.draw(st.sampled_from(mutations(data)))
    wrong = apply(data, mutation)
    written = writer(data, **draw.draw(style))
    found = [(problem.line, problem.column, problem.path) for problem in complaints(written.text)]
    assert found == [place_of(written, wrong)]


@settings(max_examples=150, deadline=None)
@given(draw=st.data())
def test_two_mutations_give_two_lines(
    draw: st.DataObject, every_field: Callable[[], dict[str, Any]], writer: Callable[..., Any]
) -> None:
    data = every_field()
    first, second = (draw.draw(st.sampled_from(mutations(data))) for _ in range(2))
    one, other = ((*steps, argument) if kind != "wrong value" else steps for kind, steps, argument in (first, second))
    assume(one[: len(other)] != other and other[: len(one)] != one)  # one does not do away with the other
    assume({first[0], second[0]} != {"missing key", "unknown key"} or first[1] != second[1])  # that is a misspelling
    wrong = [apply(data, first), apply(data, second)]
    # what refers to a name or an instant that is itself broken cannot be judged
    for cause, effect in ((one, other), (other, one)):
        assume(not depends(effect, cause))
    written = writer(data, **draw.draw(style))
    found = [(problem.line, problem.column, problem.path) for problem in complaints(written.text)]
    assert sorted(found) == sorted(place_of(written, each) for each in wrong)


def depends(effect: Steps, cause: Steps) -> bool:
    """Whether the mistake `effect` shows only in the light of `cause`: a fault's target once its kind is known, say."""
    if effect[-1] == "caused_by":
        return cause[0] == "faults"
    if effect[:1] == ("faults",) and effect[-1] in ("instance", "route", "delay", "dely", "service"):
        return cause in (("faults",), effect[:2], (*effect[:2], "kind"), effect[:-1]) or cause[0] == "platform"
    return False


def test_the_profile_of_these_tests_is_right_and_uses_every_field(
    every_field: Callable[[], dict[str, Any]], writer: Callable[..., Any]
) -> None:
    profile = parse_profile(writer(every_field()).text, file=FILE)
    assert profile.faults[0].for_ == 5 * MINUTE
    schema = Profile.model_json_schema(by_alias=True)
    used = {str(step) for steps in every_steps(every_field()) for step in steps}
    names = {name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", ())}
    names -= set(FORMER_JOURNEYS.values())  # what may still be written for the new ones
    assert names - used == {"region"}, "its faults are of HTTP, which knows no regions"


@pytest.mark.parametrize("path", sorted(shipped("profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_profiles_are_right(path: Path) -> None:
    assert load_profile(path).name == path.stem
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=profile.schema.json\n")


def test_a_profile_is_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_profile("api-errors") == shipped("profiles") / "api-errors.yaml"
    own = tmp_path / "profiles" / "api-errors.yaml"
    own.parent.mkdir()
    own.write_text("name: api-errors\n")
    assert resolve_profile("api-errors").resolve() == own, "a local profile hides the shipped one"
    assert resolve_profile(str(own)) == own
    with pytest.raises(InputError, match="did you mean 'api-outage'"):
        resolve_profile("api-outge")
    with pytest.raises(InputError, match=r"no such profile; did you mean 'profiles/api-errors\.yaml'"):
        resolve_profile("profiles/api-eror.yaml")


def test_a_misspelt_key_that_is_needed_is_one_mistake(
    every_field: Callable[[], dict[str, Any]], writer: Callable[..., Any]
) -> None:
    data = every_field()
    data["faults"][0] = {"fore" if key == "for" else key: value for key, value in data["faults"][0].items()}
    (problem,) = complaints(writer(data).text)
    assert "did you mean 'for'?" in problem.message


def test_a_program_may_build_a_profile_that_a_file_may_not(
    every_field: Callable[[], dict[str, Any]], writer: Callable[..., Any]
) -> None:
    data = every_field()
    data["faults"][0]["for_"] = data["faults"][0].pop("for")
    (problem,) = complaints(writer(data).text)
    assert problem.path == "faults[0].for_"


@settings(deadline=None)
@given(count=st.integers(1, 10**7), unit=st.sampled_from("smhd"))
def test_a_profile_survives_being_written_into_a_manifest(
    count: int, unit: str, every_field: Callable[[], dict[str, Any]]
) -> None:
    assume(count / {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] <= 1_000_000)
    data = every_field()
    data["traffic"]["peak"] = f"{count}/{unit}"
    profile = Profile.model_validate(data)
    assert Profile.model_validate_json(profile.model_dump_json(by_alias=True)) == profile
