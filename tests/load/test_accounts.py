"""What users sent against what the API counted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.load.accounts import Counted, accounts_of
from simulator.telemetry.observations import Account, RequestTotals

READ, WRITE = "GET /api/v1/posts", "POST /api/v1/messages"
SAID, JOINED, LEFT = "SIO emit message:create", "SIO emit voice:join_channel", "SIO emit voice:leave_channel"


def totals(name: str, requests: int, failures: int = 0, *codes: tuple[str, int], **unanswered: int) -> RequestTotals:
    return RequestTotals(name, requests, failures, 0, 0.01, 0.02, 0.03, codes=codes, **unanswered)


def only(account: tuple[Account, ...], what: str) -> Account:
    (found,) = [one for one in account if one.what == what]
    return found


def test_what_was_given_up_and_answered_unheard_leaves_no_residue() -> None:
    sent = totals(READ, 20, 9, ("200", 9), ("500", 2), refused=4, timed_out=3, aborted=1, no_connection=1)
    counted = Counted(Counter({(READ, "200"): 11, (READ, "500"): 2}), unheard=Counter({(READ, "200"): 2}))
    account = only(accounts_of([sent], counted), "requests")
    assert (account.sent, account.answered, account.counted, account.unheard) == (20, 11, 13, 2)
    assert (account.residue, account.differing) == (0, ())
    assert account.told == (
        "requests: 20 sent: 11 answered, 4 refused, 3 timed out, 1 aborted, 1 without a connection; "
        "the API counted 13, 2 of them after whoever had asked was gone; residue 0"
    )


def test_one_too_many_here_and_one_too_few_there_are_a_residue_of_two() -> None:
    sent = [totals(READ, 5, 0, ("200", 5)), totals(WRITE, 5, 0, ("201", 5))]
    account = only(accounts_of(sent, Counted(Counter({(READ, "200"): 6, (WRITE, "201"): 4}), messages=4)), "requests")
    assert account.counted == account.answered
    assert account.residue == 2
    assert account.differing == (
        f"{READ} 200: 6 counted, 5 answered",
        f"{WRITE} 201: 4 counted, 5 answered",
    )
    assert account.explained(0.2)
    assert not account.explained(0.1)


def test_another_status_than_was_heard_is_a_residue() -> None:
    sent = totals(READ, 5, 0, ("200", 5))
    assert only(accounts_of([sent], Counted(Counter({(READ, "500"): 5}))), "requests").residue == 10


@given(st.lists(st.sampled_from(["heard", "unheard", "refused", "timed_out", "aborted", "no_connection"])))
def test_whatever_happens_to_requests_is_accounted_for(fates: list[str]) -> None:
    ends = Counter(fates)
    heard, unheard = ends.pop("heard", 0), ends.pop("unheard", 0)
    ends["timed_out"] += unheard
    sent = totals(READ, len(fates), sum(ends.values()), ("200", heard), **ends)
    counted = Counted(Counter({(READ, "200"): heard + unheard}), unheard=Counter({(READ, "200"): unheard}))
    account = only(accounts_of([sent], counted), "requests")
    unanswered = account.refused + account.timed_out + account.aborted + account.no_connection
    assert account.sent == account.answered + unanswered
    assert account.counted == account.answered + account.unheard
    assert account.residue == 0


@pytest.mark.parametrize(("counted", "unheard", "residue"), [(13, 0, 0), (15, 2, 0), (16, 2, 1), (12, 0, 1)])
def test_of_messages_that_were_given_up_the_api_may_have_taken_any(counted: int, unheard: int, residue: int) -> None:
    said = totals(SAID, 16, 6, ("FORBIDDEN", 1), ("SERVER_ERROR", 2), timed_out=1, aborted=1, refused=1)
    written = totals(WRITE, 3, 1, ("201", 1), ("404", 1), refused=1)
    account = only(accounts_of([said, written], Counted(messages=counted)), "messages")
    assert (account.sent, account.answered, account.uncounted) == (19, 15, 2)
    assert (account.unheard, account.residue) == (unheard, residue)


@pytest.mark.parametrize(("counted", "residue"), [(8, 1), (9, 0), (10, 0), (11, 0), (12, 1)])
def test_who_could_not_say_goodbye_and_comes_back_is_in_the_same_call(counted: int, residue: int) -> None:
    joined = totals(JOINED, 12, 2, ("FULL", 1), aborted=1)
    left = totals(LEFT, 10, 1, timed_out=1)
    account = only(accounts_of([joined, left], Counted(calls=counted)), "calls")
    assert (account.answered, account.uncounted, account.residue) == (11, 1, residue)


def test_where_calls_are_not_counted_there_is_no_account_of_them() -> None:
    assert [one.what for one in accounts_of([totals(JOINED, 12)], Counted())] == ["requests"]
