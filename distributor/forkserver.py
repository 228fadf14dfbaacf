"""What the server that children are forked from does first: it gives way to those who deliver. Its children inherit that.

`isolation` names this module as the first that the server loads; nothing else imports it, as importing it is the act.
"""

from __future__ import annotations

import contextlib
import os

NICENESS = 10

with contextlib.suppress(OSError):
    os.nice(NICENESS)
