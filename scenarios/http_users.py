"""Members of the platform over HTTP: they read, write, search, upload, moderate, register and buy.

    locust -f scenarios/http_users.py               the web UI on port 8089; --host is http://127.0.0.1:3001 unless told
    crybsim load profiles/api-errors.yaml           the rate, the weights and the end come from the profile

The journeys are in _journeys/, one kind of member a file. In them each `self.call` is one request, sent when this
user's turn comes. It returns the answer's data, or None when the request failed, was rate limited, or was declined in a
way that the journey counts with (`declines`).
"""

from __future__ import annotations

import _reporter  # noqa: F401 - reports to crybsim, where crybsim started this
from _journeys import Arriving, Buying, Lurking, Moderating, Posting, Searching, Uploading
from _run import RUN

from simulator.profile.schema import Journeys

WEIGHTS = RUN.manifest.profile.load.journeys if RUN else Journeys()


class HttpMember(Lurking, Posting, Searching, Uploading, Moderating, Arriving, Buying):
    """Reads more than it writes, as members do."""

    tasks = {  # noqa: RUF012 - Locust's own form
        Lurking.lurk: WEIGHTS.lurker,
        Posting.write: WEIGHTS.poster,
        Searching.search: WEIGHTS.searcher,
        Uploading.upload: WEIGHTS.uploader,
        Moderating.moderate: WEIGHTS.moderator,
        Arriving.arrive: WEIGHTS.newcomer,
        Buying.buy: WEIGHTS.buyer,
    }


if RUN is not None:
    from _shape import RunShape  # noqa: F401 - Locust follows the run's plan
