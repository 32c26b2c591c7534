"""`host:port`, as Go's net package takes it apart.

Source: https://pkg.go.dev/net#SplitHostPort
"""

from __future__ import annotations


def split_host_port(address: str) -> tuple[str, str] | None:
    """Host and port of `host:port`, `[host]:port` or `:port`; None where Go has an error."""
    colon = address.rfind(":")
    if colon < 0:
        return None
    if address.startswith("["):
        end = address.find("]")
        if end + 1 != colon:
            return None
        host, after_open, after_close = address[1:end], 1, end + 1
    else:
        host, after_open, after_close = address[:colon], 0, 0
        if ":" in host:
            return None
    if "[" in address[after_open:] or "]" in address[after_close:]:
        return None
    return host, address[colon + 1 :]
