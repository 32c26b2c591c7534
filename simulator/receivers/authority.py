"""A throwaway certificate authority for the services whose address is fixed inside Alertmanager.

Made anew for each run; its key stays in this process, and nobody but the copied configuration trusts its certificate.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from simulator.wire.notifications import PROXIED_HOSTS


class Authority:
    """Issues one certificate for all of `PROXIED_HOSTS`."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="crybsim", organization_unit_name="one rehearsal")

    def write_certificate(self, path: Path) -> None:
        """Write the authority's certificate (no key) for `ca_file`."""
        self._ca.cert_pem.write_to_path(str(path))

    def server_context(self) -> ssl.SSLContext:
        """A TLS server that can play the proxied services."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*PROXIED_HOSTS).configure_cert(context)
        return context
