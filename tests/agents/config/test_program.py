"""Programs with one state held still, for all of an episode or a part of it."""

import pytest

from agents.config.program import act_program, freeze, freeze_window


def test_a_window_may_begin_and_end_inside_an_act_step() -> None:
    program = act_program(2, 2)
    assert freeze_window(program, 2, "H") == ["LL-LL-", "LL-LL-"] == [freeze(program, "H")] * 2
    assert freeze_window(program, 3, "L", first=6, last=12) == ["LLHLLH", "--H--H", "LLHLLH"]
    assert freeze_window(program, 2, "L", first=1, last=10) == ["L-H--H", "--H-LH"]
    assert freeze_window("LH", 3, "H", first=6) == ["LH"] * 3
    with pytest.raises(ValueError, match="letter 'x', expected 'L' for z_L or 'H' for z_H"):
        freeze_window(program, 2, "x")
