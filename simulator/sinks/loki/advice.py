"""What a Loki's refusal means for whoever runs it, in one clear line.

Words of Loki 2.8 to 3; their list: https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/
"""

from __future__ import annotations

from typing import Final

_NO_USE: Final = ("active stream limit",)
"""In a 429 that will not get better by waiting."""
_ADVICE: Final = (
    ("timestamp too old", "set limits_config.reject_old_samples_max_age to reach back to the first line"),
    ("timestamp too new", "its clock and this one differ, or set limits_config.creation_grace_period"),
    (
        "too far behind",
        "it has lines of these streams that are newer by more than half of ingester.max_chunk_age; push the past "
        "before anything newer, keep it apart with --label simulation=NAME, or wait until the streams are flushed "
        "(ingester.chunk_idle_period)",
    ),
    ("out of order", "set limits_config.unordered_writes: true"),
    ("label names; limit", "raise limits_config.max_label_names_per_series"),
    ("label name too long", "raise limits_config.max_label_name_length"),
    ("label value too long", "raise limits_config.max_label_value_length"),
    ("max entry size", "raise limits_config.max_line_size"),
    ("active stream limit", "raise limits_config.max_global_streams_per_user"),
    ("per stream rate limit", "lower --loki-rate, or raise limits_config.per_stream_rate_limit"),
    ("ingestion rate limit", "lower --loki-rate, or raise limits_config.ingestion_rate_mb"),
    ("no org id", "it has tenants; name one with --loki-tenant"),
)
_BY_STATUS: Final = {
    401: "set CRYBSIM_LOKI_TOKEN, or CRYBSIM_LOKI_USER and CRYBSIM_LOKI_PASSWORD; a tenant is named by --loki-tenant",
    403: "these credentials may not write there",
    404: "no Loki takes pushes there; the address is that of its port 3100, or of a gateway before it",
    413: "what is before it takes only smaller requests (nginx: client_max_body_size 4m)",
}


def advice(status: int, words: str) -> str:
    """What would help, or nothing."""
    known = words.casefold()
    for sign, text in _ADVICE:
        if sign in known:
            return text
    return _BY_STATUS.get(status, "")


def is_final(status: int, words: str) -> bool:
    """Whether a 429 is one that waiting does not cure."""
    known = words.casefold()
    return status == 429 and any(sign in known for sign in _NO_USE)
