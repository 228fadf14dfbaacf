"""The health check of the image: exit code 0 where the web pages of `serve` answer, and not with a fault of the server.

The request names no host of the newsroom, so that 421 is an answer as good as any other: the pages live.
The port is 8080, or the one that DISTRIBUTOR_HEALTH_PORT names; a line says so where that is no port.
"""

from __future__ import annotations

import http.client
import os
import sys


def is_healthy(port: int) -> bool:
    """Whether something answers on this port of this machine, within five seconds and with a status below 500."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """The exit code."""
    named = os.environ.get("DISTRIBUTOR_HEALTH_PORT", "").strip() or "8080"
    if not (named.isascii() and named.isdigit() and 0 < int(named[:6]) < 65536):
        sys.stderr.write(f"DISTRIBUTOR_HEALTH_PORT: {named[:40]!r} is no port; write a number from 1 to 65535\n")
        return 1
    return 0 if is_healthy(int(named)) else 1


if __name__ == "__main__":
    sys.exit(main())
