"""A stamp survives whatever text is put around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.stamps import Stamp, decode_stamp, encode_stamp

HEXADECIMAL = st.integers(0, 2**48).map("{:x}".format)
NUMBERS = st.integers(0, 2**60)
STAMPS = st.builds(Stamp, HEXADECIMAL, HEXADECIMAL, NUMBERS, NUMBERS, NUMBERS)


@given(STAMPS)
def test_a_stamp_is_read_as_it_was_written(stamp: Stamp) -> None:
    assert decode_stamp(encode_stamp(*stamp)) == stamp


@given(STAMPS, st.text(max_size=30))
def test_a_stamp_is_found_at_the_end_of_a_text(stamp: Stamp, text: str) -> None:
    assert decode_stamp(f"{text} {encode_stamp(*stamp)}") == stamp


@given(st.text(max_size=60))
def test_other_texts_have_none(text: str) -> None:
    assert decode_stamp(text) is None


def test_half_a_stamp_is_none() -> None:
    assert decode_stamp("crybsim1.9f.7b.17.203") is None
    assert decode_stamp("crybsim1.9f.7b.17.203.zz") is None
