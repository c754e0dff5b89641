"""Programs with one state held still."""

import pytest

from agents.config.program import act_program, freeze


def test_frozen_updates_keep_their_places() -> None:
    program = act_program(2, 2)
    assert (freeze(program, "H"), freeze(program, "L")) == ("LL-LL-", "--H--H")
    assert freeze(freeze(program, "H"), "L") == "------"
    with pytest.raises(ValueError, match="letter 'x', expected 'L' for z_L or 'H' for z_H"):
        freeze(program, "x")
