from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalog.accounts import (
    account,
    number_of_login,
    number_of_user_id,
)

NUMBERS = st.integers(1, 10**10 - 1)


@given(NUMBERS)
def test_an_account_is_found_again_by_all_its_names(number: int):
    who = account(number)
    assert number_of_user_id(who.user_id) == number
    assert number_of_login(who.username) == number
    assert number_of_login(who.email.upper()) == number
    assert re.fullmatch(r"[A-Za-z0-9_]{3,32}", who.username)
    assert 8 <= len(who.password) <= 128


@given(st.lists(NUMBERS, min_size=2, unique=True))
def test_no_two_accounts_share_a_name(numbers: list[int]):
    accounts = [account(number) for number in numbers]
    for field in ("user_id", "username", "email", "password"):
        assert len({getattr(who, field) for who in accounts}) == len(numbers)


@pytest.mark.parametrize("name", ["", "user_", "user_000000", "user_0000001", "user_12345", "somebody", "user_1@x.org"])
def test_other_names_are_nobodys(name: str):
    assert number_of_login(name) is None


@pytest.mark.parametrize("text", ["", "0c7b0000-0000-4000-8000-000000000000", "1c7b0000-0000-4000-8000-000000000001"])
def test_other_ids_are_nobodys(text: str):
    assert number_of_user_id(text) is None


@pytest.mark.parametrize("number", [0, -1, 10**10])
def test_numbers_out_of_range(number: int):
    with pytest.raises(ValueError, match="no account number"):
        account(number)
