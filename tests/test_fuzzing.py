"""Wild input, a few hundred cases of each kind; `make fuzz` does the same for as long as one likes."""

from __future__ import annotations

from random import Random

import pytest

from fuzzing.targets import TARGETS

CASES = 150


@pytest.mark.parametrize("name", TARGETS)
def test_wild_input_is_read_or_refused_in_words_and_costs_no_neighbour(name: str) -> None:
    for seed in range(CASES):
        try:
            TARGETS[name](Random(seed))
        except Exception as error:
            error.add_note(f"to see it again: cd tests && python -m fuzzing --only '{name}' --case {seed}")
            raise
