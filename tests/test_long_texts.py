"""No text from outside keeps us busy: what reads it takes time that grows with its length and no faster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from long_texts import TARGETS


@pytest.mark.real
@pytest.mark.parametrize("name", TARGETS)
def test_a_long_text_takes_no_longer_than_its_length(name: str) -> None:
    """In a process of its own: one that hangs is ended by the system, with the text named that it did not come to the
    end of."""
    script = Path(__file__).with_name("long_texts.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), name], capture_output=True, text=True, timeout=1200, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), name
