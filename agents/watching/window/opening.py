"""Other puzzles and other models for the window: they are got in the background, and taken when they are ready."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import puzzles
from agents.pretrained.choosing import best_for
from agents.thinking.agent import AIRAgent
from agents.watching.session import Session
from agents.watching.window.shelf import Shelf, generated
from air_envs.drawing.loop import in_background


class Opener:
    """Opens sessions.

    Args:
        shelf: where puzzles come from; None generates them with the family's default options.
        number: of the present puzzle on the shelf; None where it is from elsewhere.
    """

    def __init__(self, shelf: Shelf | None, number: int | None):
        self.number = -1 if number is None else number
        """Of the puzzle of the shelf that was opened last, counted from 0; -1 before the first."""
        self._shelf = shelf or generated
        self._coming: Future[tuple[Session, int]] | None = None

    def take(self) -> Session | None:
        """Return what was opened, once it is ready; None where there is nothing new.

        Raises:
            OSError: a model that cannot be read.
            ValueError: there is no such puzzle, or it does not fit the model.
        """
        if self._coming is None or not self._coming.done():
            return None
        coming, self._coming = self._coming, None
        session, self.number = coming.result()
        return session

    def next_puzzle(self, session: Session, step: int) -> None:
        """Open the next puzzle of the shelf, or the one before, in the same model."""
        number = self.number + step

        def make() -> tuple[Session, int]:
            puzzle, title = self._shelf(session.family, number)
            return _like(session, session.agent, puzzle, title), number

        self._open(make)

    def open_text(self, session: Session, text: str) -> str:
        """Open a puzzle that a person wrote down; return what there is to say.

        Where the model does not play puzzles of that kind, the best shipped one that does takes its place.

        Raises:
            PuzzleError: no puzzle, or givens that contradict each other.
            ValueError: no model plays such puzzles.
        """
        family, puzzle = puzzles.parse(text)
        family.check(puzzle[None])
        title, number = f"{family.name}, typed in", self.number
        try:
            agent = session.agent.for_family(family)
        except ValueError:
            name = best_for(family)
            if name is None:
                raise ValueError(f"{family.name}: no shipped model plays it") from None
            self._open(lambda: (_load(name, puzzle, family, title), number))
            return f"{session.model_name or 'the model'} does not play {family.name}: loading {name} ..."
        self._open(lambda: (_like(session, agent, puzzle, title), number))
        return "Opening ..."

    def open_model(self, session: Session, name: str) -> str:
        """Open the present puzzle, as it was at first, in another model; return what there is to say."""
        puzzle, number = session.branches[0].moments[0].puzzle, self.number
        self._open(lambda: (_load(name, puzzle, session.family, session.title), number))
        return f"Loading {name} ..."

    def _open(self, make: Callable[[], tuple[Session, int]]) -> None:
        """Begin; what was begun before and is not ready is forgotten."""
        self._coming = in_background(make)


def _like(session: Session, agent: AIRAgent, puzzle: puzzles.Grids, title: str) -> Session:
    """A session of the same model, program and maximum of ACT steps."""
    return Session(agent, puzzle, title, session.act_steps, model_name=session.model_name, program=session.program)


def _load(name: str, puzzle: puzzles.Grids, family: puzzles.PuzzleFamily, title: str) -> Session:
    return Session(AIRAgent.from_pretrained(name, family=family.name), puzzle, title, model_name=name)
