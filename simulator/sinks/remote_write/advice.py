"""What a server's refusal means for whoever runs it, in one clear line.

Words of Prometheus 2.42; other receivers use the same ones, for they use the same storage or follow the protocol.
"""

from __future__ import annotations

from typing import Final

OUT_OF_BOUNDS: Final = "out of bounds"
OUT_OF_ORDER: Final = "out of order"
DUPLICATE: Final = "duplicate sample"
TOO_OLD: Final = "too old sample"

_WINDOW: Final = "storage.tsdb.out_of_order_time_window in its prometheus.yml"
_ADVICE: Final = (
    (TOO_OLD, f"raise {_WINDOW}: it has to reach back to the first sample"),
    (
        OUT_OF_BOUNDS,
        f"it has newer samples than these and takes none that are an hour older; set {_WINDOW} to reach back to the "
        "first sample, or write into a server that is empty",
    ),
    (
        OUT_OF_ORDER,
        f"it has newer samples of these very series; set {_WINDOW} to reach back to the first sample, or keep them "
        "apart with --label simulation=NAME",
    ),
    (
        DUPLICATE,
        "it has other samples of these very series at these times; keep them apart with --label simulation=NAME",
    ),
)
_BY_STATUS: Final = {
    401: "set CRYBSIM_REMOTE_WRITE_TOKEN, or CRYBSIM_REMOTE_WRITE_USER and _PASSWORD",
    403: "these credentials may not write there",
    404: "a Prometheus needs --web.enable-remote-write-receiver; others have another path than /api/v1/write",
    413: "it takes only smaller requests",
}


def advice(status: int, words: str) -> str:
    """What would help, or nothing."""
    for sign, text in _ADVICE:
        if sign in words:
            return text
    return _BY_STATUS.get(status, "")


def never_taken(status: int, words: str) -> bool:
    """Whether trying again is of no use.

    Beside what the protocol says (4xx but 429, and redirections, which are not followed): Prometheus 2.42 says 500 to a
    sample that is older than its window.
    """
    return (300 <= status < 500 and status != 429) or TOO_OLD in words


def may_be_there_already(words: str) -> bool:
    """Whether a refusal is what a server says to samples that it has."""
    return OUT_OF_ORDER in words or DUPLICATE in words
