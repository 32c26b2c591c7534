"""Tokens that are made without the API: it takes them, and no other run's does."""

from __future__ import annotations

import jwt

from simulator.api.tokens import mint_access_token
from simulator.catalog.accounts import ACCESS_SECONDS, AUDIENCE, account, signing_key


def test_a_minted_token_is_of_the_run():
    key = signing_key(seed=1, run_id="r")
    token = mint_access_token(account(5), key, issued_s=1_000)
    claims = jwt.decode(token, key, algorithms=["HS256"], audience=AUDIENCE, options={"verify_exp": False})
    assert (claims["userId"], claims["exp"]) == (account(5).user_id, 1_000 + ACCESS_SECONDS)
    for other in (signing_key(seed=2, run_id="r"), signing_key(seed=1, run_id="s")):
        assert other != key
