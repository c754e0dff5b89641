"""When a run that is shown is over. Needs no torch, so that recordings replay without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.thinking.thoughts import Thought

SHOWN_SOLVED = 2
"""ACT steps that are shown of a solved puzzle of which the halting head is not sure."""


class Ending:
    """Says when what is shown is over: when the model halts with the right answer, or has been right for some steps.

    A model that is right and does not halt is followed for ``SHOWN_SOLVED`` more ACT steps.
    """

    def __init__(self) -> None:
        self._right = 0  # ACT steps in a row that ended with the right answer

    def reached(self, solved: bool, halt: float) -> bool:
        """Return whether this ACT step is the last one shown.

        Args:
            solved: whether its answer is right by the rules.
            halt: probability of halting after it.
        """
        self._right = self._right + 1 if solved else 0
        return solved and (halt > 0.5 or self._right > SHOWN_SOLVED)


def until_over(thoughts: Iterable[Thought], length: int) -> Iterator[Thought]:
    """Yield thoughts of one puzzle until ``Ending`` says that the run is over.

    Args:
        thoughts: from ``AIRAgent.think``.
        length: updates of an ACT step.
    """
    ending = Ending()
    for thought in thoughts:
        yield thought
        if thought.update % length == 0 and ending.reached(thought.solved, thought.halting_probability):
            return
