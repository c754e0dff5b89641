"""``Desk``: what the window's commands do to a story. Knows no event of pygame."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agents.pretrained.choosing import fitting
from agents.watching.branches import Cursor
from agents.watching.interventions import (
    EditClue,
    Freeze,
    Intervention,
    Noise,
    SetCell,
    TakeFrom,
    TakeState,
    Thaw,
    value_name,
)
from agents.watching.moments import Moment
from agents.watching.pages import frame_at, timeline_of
from agents.watching.session import Session
from agents.watching.story import Story
from agents.watching.window.commands import FOOT
from agents.watching.window.looking import Looking
from agents.watching.window.opening import Opener
from agents.watching.window.saving import Saver
from agents.watching.window.sheets import AskModel, AskPuzzle, Keys, OpenSheet
from agents.watching.window.shelf import Shelf
from air_envs.drawing.frame import Frame
from air_envs.drawing.theme import Theme
from air_envs.drawing.thinking.page import ANSWER, Choice, Page
from puzzles import PuzzleFamily

FASTEST, SLOWEST = 1 / 64, 4.0
"""Seconds per update."""
NOISE = 0.5
"""Standard deviation of the noise that X adds; a state's channels have a root mean square of about 1."""
STATES = ("", "H", "L")
"""The state that each board shows."""
NO_MODEL = "A recording holds no model: air-envs watch MODEL opens one"


class Remembered(NamedTuple):
    """A moment whose states can be taken."""

    session: Session
    cursor: Cursor


class Desk:
    """A story and what a person does with it.

    Args:
        story: live or recorded.
        shelf: where other puzzles come from; None generates them with the family's default options.
        number: of the story's puzzle on the shelf; None where it is from elsewhere.
        interval: seconds per update while it runs.
        running: whether it runs from the start.
        folder: where files are saved.
        clock: seconds.
    """

    def __init__(
        self,
        story: Story,
        *,
        shelf: Shelf | None = None,
        number: int | None = None,
        interval: float = 0.25,
        running: bool = False,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.story = story
        self.interval = interval
        """Seconds per update while it runs."""
        self.running = running
        self.message, self.wrong = "", False
        """What the window says, and whether that is an error."""
        self.choice: Choice | None = None
        """The cell that the next value goes to."""
        self.sheet: OpenSheet | None = None
        """What is shown over the window."""
        self.looking = Looking(clock)
        self.saver = Saver(folder or Path())
        self.opener = Opener(shelf, number)
        self._clock, self._due = clock, 0.0
        self._remembered: Remembered | None = None
        self._frames: dict[Moment, Frame] = {}

    # -- what happens by itself -------------------------------------------------------------------------------------

    def tick(self) -> tuple[object, ...]:
        """Do what is due, one update at most; return another value where something else shows."""
        try:
            opened = self.opener.take()
            if opened is not None:
                self._show(opened)
            news = self.saver.tick()
        except (ValueError, OSError) as error:
            self.refuse(error)
        else:
            if news is not None and (news.done or not self.wrong):  # an error stays until the next command
                self.say(news.message)
        if self.running and self._clock() >= self._due:
            self._due = self._clock() + self.interval
            self._run()
        at_rest = self.looking.at_rest(self.story, self.running)
        return id(self.story), self.story.cursor, self.running, self.message, at_rest

    def page(self) -> Page:
        """Return what the window shows."""
        story = self.story
        rate = 1 / self.interval
        pace = f"{rate:.3g} update{'' if rate == 1 else 's'} a second"
        does = "running" if self.running else "paused"
        return Page(
            family=story.family,
            frame=self._frame(story.cursor.update),
            earlier=self._earlier(),
            timeline=timeline_of(story, " · ".join(filter(None, (story.model_name, does, pace)))),
            inside=self.looking.inside(story, self.running),
            choice=self.choice,
            message=self.message or "; ".join(story.moment.notes),
            wrong=self.wrong,
            keys=FOOT,
            sheet=None if self.sheet is None else self.sheet.page(),
        )

    def say(self, message: str) -> None:
        """Show a message until the next command."""
        self.message, self.wrong = message, False

    def refuse(self, error: Exception | str) -> None:
        """Show the first line of an error until the next command."""
        self.message, self.wrong = str(error).splitlines()[0], True

    # -- time -------------------------------------------------------------------------------------------------------

    def toggle_running(self) -> None:
        """Run, or stop."""
        self.running = not self.running
        self._due = self._clock()

    def forward(self) -> None:
        """Go on by one update; say why not where there is none."""
        self.running = False
        if not self.story.step():
            self.say(self._ended())

    def back(self) -> None:
        """Go back by one update."""
        self.running = False
        self.story.back()

    def home(self) -> None:
        """Go to before the first update."""
        self.go(0)

    def end(self) -> None:
        """Go to the last update so far."""
        self.go(self.story.last_update)

    def go(self, update: int, branch: int | None = None) -> None:
        """Go to an update, the nearest that there is so far, of a branch or the present one."""
        self.running = False
        if branch is not None:
            self.story.choose(branch)
        self.story.go(min(max(update, 0), self.story.last_update))

    def faster(self) -> None:
        """Twice as many updates a second."""
        self.interval = max(self.interval / 2, FASTEST)

    def slower(self) -> None:
        """Half as many updates a second."""
        self.interval = min(self.interval * 2, SLOWEST)

    def extend(self) -> None:
        """Allow one more ACT step than the model's maximum."""
        if not isinstance(self.story, Session):
            return self.refuse(NO_MODEL)
        self.story.extend()
        self.say(f"At most {self.story.act_steps} ACT steps")

    def next_branch(self) -> None:
        """Choose the next branch, the first after the last."""
        self.story.choose((self.story.cursor.branch + 1) % len(self.story.branches))

    def choose_branch(self, number: int) -> None:
        """Choose a branch, counted from 0."""
        if number >= len(self.story.branches):
            count = len(self.story.branches)
            return self.refuse(f"no branch {number + 1}, expected 1{f' to {count}' if count > 1 else ''}")
        self.story.choose(number)

    # -- interference -----------------------------------------------------------------------------------------------

    def freeze(self, letter: str) -> None:
        """Freeze a state from here on, or thaw it."""
        self._interfere(Thaw(letter) if letter in self.story.moment.frozen else Freeze(letter))

    def add_noise(self) -> None:
        """Add noise to both states."""
        self._interfere(Noise(NOISE))

    def enter(self, value: int) -> None:
        """Put a value into the chosen cell: of a state, or of the puzzle."""
        if self.choice is None:
            return
        board, (row, column) = self.choice
        edited = EditClue(row, column, value) if board == ANSWER else SetCell(STATES[board], row, column, value)
        if self._interfere(edited):
            self.choice = None

    def remember(self) -> None:
        """Remember the present moment, so that its states can be taken later, elsewhere."""
        if not isinstance(self.story, Session):
            return self.refuse(NO_MODEL)
        self._remembered = Remembered(self.story, self.story.cursor)
        self.say(f"Remembered: {self.story.title}, branch {self.story.branch.name}, update {self.story.cursor.update}")

    def take(self) -> None:
        """Replace both states by the remembered ones; with a cell chosen, that of this cell alone."""
        if self._remembered is None:
            return self.refuse("nothing is remembered: Ctrl+C remembers a moment")
        letters: tuple[str, ...] = ("H", "L")
        cell: tuple[int, int] | tuple[None, None] = (None, None)
        if self.choice is not None and self.choice.board != ANSWER:
            letters, cell = (STATES[self.choice.board],), self.choice.cell
        session, (branch, update) = self._remembered
        for letter in letters:
            if session is self.story:
                taken: Intervention = TakeState(letter, branch, update, *cell)
            else:
                session.cursor = self._remembered.cursor  # what is taken is that session's present state
                taken = TakeFrom(letter, session, *cell)
            if not self._interfere(taken):
                return

    # -- looking ----------------------------------------------------------------------------------------------------

    def choose(self, choice: Choice | None) -> None:
        """Choose the cell that the next value goes to; once more lets go of it."""
        self.choice = None if choice == self.choice else choice
        if self.choice is not None:
            name = "the puzzle" if self.choice.board == ANSWER else f"z_{STATES[self.choice.board]}"
            row, column = self.choice.cell
            keys = _range([key for key, _ in value_keys(self.story.family)])
            self.say(f"{name}, row {row + 1}, column {column + 1}: type {keys}; Esc lets go")

    def toggle_attention(self) -> None:
        """Show attention, or hide it."""
        self.looking.attends = not self.looking.attends

    def next_layer(self, step: int) -> None:
        """Show another layer's attention."""
        self._try(lambda: self.looking.next_layer(self.story, step))

    def next_head(self, step: int) -> None:
        """Show another head's attention."""
        self._try(lambda: self.looking.next_head(self.story, step))

    # -- puzzles, models, files -------------------------------------------------------------------------------------

    def next_puzzle(self, step: int) -> None:
        """Open the next puzzle of the shelf, or the one before, when it is ready."""
        if not isinstance(self.story, Session):
            return self.refuse(NO_MODEL)
        self.say("Getting a puzzle ...")
        self.opener.next_puzzle(self.story, step)

    def ask_puzzle(self) -> None:
        """Ask for a puzzle."""
        if not isinstance(self.story, Session):
            return self.refuse(NO_MODEL)
        session = self.story
        self.sheet = AskPuzzle(lambda text: self.say(self.opener.open_text(session, text)))

    def ask_model(self) -> None:
        """Ask for a model."""
        if not isinstance(self.story, Session):
            return self.refuse(NO_MODEL)
        session, family = self.story, self.story.family
        self.sheet = AskModel(
            family.name,
            fitting(family),
            session.model_name,
            lambda name: self.say(self.opener.open_model(session, name)),
        )

    def toggle_help(self) -> None:
        """Show all keys, or hide them."""
        self.sheet = None if isinstance(self.sheet, Keys) else Keys()

    def record(self) -> None:
        """Write all branches as a recording."""
        self._try(lambda: self.say(self.saver.record(self.story)))

    def film(self, theme: Theme, suffix: str) -> None:
        """Film the present branch in the background."""
        self._try(lambda: self.say(self.saver.film(self.story, suffix, round(1000 * self.interval), theme)))

    # -- within -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Make one update; stop where the puzzle is solved and where there is no more."""
        if not self.story.step():
            self.running = False
            self.say(self._ended())
            return
        moment, length = self.story.moment, len(self.story.program)
        before = self.story.branch.moment(max(0, moment.update - length))
        if moment.update % length == 0 and _done(moment) and not _done(before):
            self.running = False
            self.say(f"Solved in ACT step {moment.act_step}, and the model is sure. Space continues.")

    def _ended(self) -> str:
        if not self.story.live:
            return "The end of the recording"
        return f"{self.story.act_steps} ACT steps, the maximum: E allows one more"

    def _show(self, opened: Session) -> None:
        self.story, self.running, self.choice = opened, False, None
        self._frames.clear()
        if self.looking.cell is not None and not all(
            place < size for place, size in zip(self.looking.cell, opened.family.shape, strict=True)
        ):
            self.looking.cell = None
        self.say("")

    def _interfere(self, intervention: Intervention) -> bool:
        return self._try(lambda: self.story.interfere(intervention))

    def _try(self, act: Callable[[], None]) -> bool:
        """Return whether it went well; what went wrong is shown."""
        try:
            act()
        except (ValueError, OSError, ModuleNotFoundError) as error:
            self.refuse(error)
            return False
        return True

    def _frame(self, update: int) -> Frame:
        """The same object for the same moment: the window draws it once."""
        moment = self.story.branch.moment(update)
        if moment not in self._frames:
            self._frames[moment] = frame_at(self.story, self.story.branch, update)
        return self._frames[moment]

    def _earlier(self) -> Frame | None:
        """What the present moment differs from: of a branch's first, the same moment without the interference."""
        branch, update = self.story.branch, self.story.cursor.update
        if branch.origin is not None and update == branch.start:
            return frame_at(self.story, branch.origin, update)
        return self._frame(update - 1) if update else None


def value_keys(family: PuzzleFamily) -> list[tuple[str, int]]:
    """Return (key, cell value): a symbol itself, 0 for blank, the first letter of what has a name alone."""
    keys = []
    for value in range(family.cell_values):
        name = value_name(family, value)
        keys.append(("0" if family.symbols and not value else name[0].lower(), value))
    return keys


def _range(keys: list[str]) -> str:
    return ", ".join(keys) if len(keys) < 7 else f"{keys[0]} to {keys[-1]}"


def _done(moment: Moment) -> bool:
    return moment.solved and moment.halt > 0.5
