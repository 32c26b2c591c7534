"""An HTTP user for Locust at several times FastHttpUser's rate, with the same interface.

    from _fast_http import FastUser         # instead of: from locust import FastHttpUser

Locust's statistics and events are as they were. bench/http_client.py measures it against FastHttpUser, and
tests/scenarios/test_fast_http.py holds it to FastHttpUser's behaviour case by case and says where they differ.
"""

from __future__ import annotations

from ._session import FastSession
from ._user import FastUser

__all__ = ["FastSession", "FastUser"]
