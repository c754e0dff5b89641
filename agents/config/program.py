"""The recurrence as a program: a string of updates that training, tracing, freezing and policies all run.

``L`` updates z_L, ``H`` updates z_H, ``-`` does nothing but keep its place in the count of updates.
"""

from __future__ import annotations


def act_program(h_cycles: int, l_cycles: int) -> str:
    """Return the program of one ACT step: h_cycles times (l_cycles times L, then one H)."""
    return ("L" * l_cycles + "H") * h_cycles


def checked(program: str) -> str:
    """Return a program.

    Raises:
        ValueError: no updates, or an unknown letter.
    """
    if not program or set(program) - set("LH-"):
        raise ValueError(f"program {program!r}, expected letters L, H and -")
    return program


def freeze(program: str, letter: str) -> str:
    """Hold one state still: its updates become no-ops, the others keep their place.

    >>> freeze("LLHLLH", "H")
    'LL-LL-'

    Raises:
        ValueError: another letter than L and H.
    """
    if letter not in ("L", "H"):
        raise ValueError(f"letter {letter!r}, expected 'L' for z_L or 'H' for z_H")
    return program.replace(letter, "-")
