"""crybsim: rehearse an incident on the CRYB platform before it happens.

One profile says who uses the platform, what breaks and when, and what must react. The packages,
from the nouns up: `telemetry` (what is observed), `profile` (what is asked for), `catalog` (what the
platform exports and how it can break), `model` and `streams` (what the platform does), `stack`, `api`,
`receivers`, `load` (the parts of a live run), `observers` and `verdict` (what was seen, and what it means),
`rehearsal` (the loops), `cli` (the commands). docs/decisions/ says why.
"""

__version__ = "0.1.0"
