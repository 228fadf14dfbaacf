"""How far tests that make up their own input look: as far as they say, or less in `make unit`."""

from __future__ import annotations

from hypothesis import settings

_UNIT = "unit"


def examples(full: int) -> int:
    """How many examples a test tries that wants another number than the profile's."""
    return min(full, 10) if settings.get_current_profile_name() == _UNIT else full
