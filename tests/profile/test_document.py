"""YAML as data with places; whatever is not a small, plain YAML mapping is refused in one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError, Problem
from simulator.profile.document import (
    DEEPEST,
    LARGEST_BYTES,
    MOST_NODES,
    Place,
    parse_document,
    read_document,
    render_steps,
)


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_document(text, file="f.yaml", what="a profile")
    return [str(problem) for problem in caught.value.problems]


def data(text: str) -> object:
    return parse_document(text, file="f.yaml", what="a profile").data


def test_yaml_1_2_words_mean_what_they_look_like() -> None:
    text = "a: yes\nb: no\nc: on\nd: 012\ne: 1:30\nf: 2026-01-07T20:00:00\ng: ~\nh: true\ni: 1e3\nj: '5'\nk: 0x10\n"
    assert data(text) == {
        "a": "yes",
        "b": "no",
        "c": "on",
        "d": 12,
        "e": "1:30",
        "f": "2026-01-07T20:00:00",
        "g": None,
        "h": True,
        "i": 1000.0,
        "j": "5",
        "k": 16,
    }


def test_anchors_and_merges_are_unfolded_and_keep_the_place_where_they_were_written() -> None:
    document = parse_document(
        "base: &base\n  a: 1\n  b: 2\nother: &other {b: 3, c: 4}\nuse:\n  <<: [*base, *other]\n  a: 9\nlist: [*base]\n",
        file="f.yaml",
        what="a profile",
    )
    assert document.at(("use",)) == {"b": 2, "c": 4, "a": 9}, "own keys beat merged ones, earlier ones later ones"
    assert document.place(("use", "b")) == Place(3, 6)
    assert document.place(("use", "a")) == Place(7, 6)
    assert document.at(("list", 0, "b")) == 2


def test_a_value_that_is_not_written_is_where_its_key_is() -> None:
    document = parse_document("a:\nb: 1\n", file="f.yaml", what="a profile")
    assert document.at(("a",)) is None
    assert document.place(("a",)) == Place(1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml:1:1: is empty; a profile is a mapping of keys"),
        ("# only a comment\n", "f.yaml:1:1: is empty; a profile is a mapping of keys"),
        ("- a\n- b\n", "f.yaml:1:1: holds a list; a profile is a mapping of keys"),
        ("just text\n", "f.yaml:1:1: holds 'just text'; a profile is a mapping of keys"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: is not YAML: a tab where only spaces are allowed; indent with spaces"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: is not YAML: a second document (after ---); one file holds one"),
        ("a: b: c\n", "f.yaml:1:5: is not YAML: mapping values are not allowed here"),
        ("a: *nobody\n", "f.yaml:1:4: is not YAML: found undefined alias 'nobody'"),
        ("a: \x01\n", "f.yaml:1:4: is not YAML: a control character, which YAML does not allow"),
        ("a: &a [*a]\n", "f.yaml:1:4: a[0]: the anchor &a contains itself"),
        ("a: !thing 3\n", "f.yaml:1:4: a: the tag !thing is not allowed"),
        ("a: !!python/name:os.system x\n", "f.yaml:1:4: a: the tag !!python/name:os.system is not allowed"),
        ("a: !!int many\n", "f.yaml:1:4: a: 'many' cannot be read as int"),
        ("? [a]\n: 1\n", "f.yaml:1:3: a key must be a word, not a list or a mapping"),
        ("a: 1\n<<: 3\n", "f.yaml:2:5: <<: merges mappings only (such as `<<: *base`)"),
    ],
)
def test_what_is_not_a_plain_mapping_is_one_line(text: str, expected: str) -> None:
    assert problems(text) == [expected]


def test_every_key_that_is_given_twice_is_told() -> None:
    assert problems("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "f.yaml:5:1: a: is given twice; first in line 1",
        "f.yaml:4:3: b.c: is given twice; first in line 3",
    ]


def test_an_unclosed_bracket_tells_where_it_began() -> None:
    (problem,) = problems("a: 1\nb: [1,\n  2\n")
    assert problem.endswith("(while parsing a flow sequence that began in line 2)")


def test_bombs_are_refused_before_they_go_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert f"aliases unfold to more than {MOST_NODES} values" in "".join(problems("\n".join(lines)))
    merges = ["a0: &a0 {x: 1}"]
    merges += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    assert f"aliases unfold to more than {MOST_NODES} values" in "".join(problems("\n".join(merges)))
    (deep,) = problems("a: " + "[" * 5000)
    assert f"is nested more than {DEEPEST} deep" in deep


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    def complaint(path: Path) -> str:
        with pytest.raises(InputError) as caught:
            read_document(path, what="a profile")
        (problem,) = caught.value.problems
        assert isinstance(problem, Problem)
        return str(problem).removeprefix(f"{path}:")

    assert complaint(tmp_path) == " is a folder; name a profile file in it"
    assert complaint(tmp_path / "nowhere.yaml") == " cannot be read: No such file or directory"
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: für\n".encode("latin-1"))
    assert complaint(latin) == "2:5: byte 0xfc is not UTF-8; save the file as UTF-8"
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (LARGEST_BYTES + 1))
    assert "is larger than 1 MiB" in complaint(huge)


def test_a_byte_order_mark_does_not_move_anything(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = read_document(path, what="a profile")
    assert document.data == {"a": 1, "b": 2}
    assert document.place(("a",)) == Place(1, 4)
    assert document.place(("b",)) == Place(2, 4)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`, \n\t\\?0<~é\x00\x85\u2028", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    lines: list[str] = []
    try:
        parse_document(text, file="f.yaml", what="a profile")
    except InputError as error:
        lines = [str(problem) for problem in error.problems] or [""]
    assert all(line and "\n" not in line for line in lines)


def test_paths_are_written_as_people_write_them() -> None:
    assert render_steps(("faults", 0, "for")) == "faults[0].for"
    assert render_steps(()) == ""
