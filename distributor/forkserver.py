"""What the server that children are forked from does first: it gives way to those who deliver, and leaves SIGTERM to its
parent. Its children inherit that. A service manager sends SIGTERM to all processes of a service; the parent then ends the
others itself, or they notice that it has gone.

`isolation` names this module as the first that the server loads; nothing else imports it, as importing it is the act.
"""

from __future__ import annotations

import contextlib
import os
import signal

NICENESS = 10

with contextlib.suppress(OSError):
    os.nice(NICENESS)

signal.signal(signal.SIGTERM, signal.SIG_IGN)
