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


def freeze_window(program: str, act_steps: int, letter: str, first: int = 0, last: int | None = None) -> list[str]:
    """Return the programs of ``act_steps`` ACT steps with one state held still for some of the updates.

    >>> freeze_window("LLHLLH", 2, "H", first=6)
    ['LLHLLH', 'LL-LL-']

    Args:
        program: of one ACT step.
        act_steps: how many.
        letter: of the state that is held.
        first: the first update without it, counted from 0 over the whole episode.
        last: the first update with it again; None holds it to the end.

    Raises:
        ValueError: another letter than L and H.
    """
    episode = program * act_steps
    end = len(episode) if last is None else last
    held = episode[:first] + freeze(episode[first:end], letter) + episode[end:]
    return [held[start : start + len(program)] for start in range(0, len(held), len(program))]
