"""Which API is driven: the contract's, or as the target file of CRYBSIM_TARGET describes it; and who its users are."""

from __future__ import annotations

import os
from pathlib import Path

from _run import RUN

from simulator.profile.target import Target, load_target
from simulator.profile.target_users import TargetUsers

_FILE = os.environ.get("CRYBSIM_TARGET", "")

TARGET = load_target(Path(_FILE)) if _FILE else Target()
USERS = TargetUsers(TARGET, accounts=RUN.manifest.profile.platform.registered_users if RUN else 1_000)
EXEMPT = TARGET.exemption_headers()
EXPIRED = "TOKEN_EXPIRED"
"""The code by which a 401 says that a new token will do."""
