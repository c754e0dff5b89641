"""A live session: one puzzle in a model that can be stopped, rewound, branched and interfered with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.config.program import checked, freeze
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from agents.thinking.attention import attention_by_layer
from agents.thinking.player.encoding import Maps
from agents.thinking.thoughts import Thought
from agents.watching.applying import Mind, Place, apply
from agents.watching.branches import Branch, Cursor, Made, branch_name
from agents.watching.interventions import Intervention, Noise
from agents.watching.moments import Moment
from agents.watching.story import Story

_ENDLESS = 10**9
"""ACT steps that a run is asked for: the session itself says when it is over."""


class Session(Story):
    """One puzzle in a model. The states of every update are kept: going back is exact, and nothing is computed twice.

    Args:
        agent: whose model thinks.
        puzzle: (rows, columns) integers.
        title: what it is called; by default the family.
        act_steps: maximum of ACT steps, by default the model's; ``extend`` raises it.
        seed: of the first ``Noise`` that names none; the next takes the next one.
        model_name: of the model.
        program: one ACT step as letters, by default the model's.

    Raises:
        PuzzleError: the puzzle is not of the model's family.
        ValueError: less than one ACT step, or a program with other letters than L, H and -.
    """

    live = True

    def __init__(
        self,
        agent: AIRAgent,
        puzzle: puzzles.Grids,
        title: str = "",
        act_steps: int | None = None,
        seed: int = 0,
        model_name: str = "",
        program: str | None = None,
    ):
        self.agent = agent
        start = agent.before_thinking({"puzzle": agent.family.checked(np.array(puzzle)[None])[0]})
        branch = Branch(branch_name(0), moments=[Moment.of(start)])
        program = checked(agent.model.config.program if program is None else program)
        name = title or agent.family.name
        super().__init__(agent.family, name, program, model_name, agent.act_steps(act_steps), [branch])
        self._thoughts = [[start]]
        self._ahead: dict[int, Iterator[Thought]] = {}  # by branch: the run that continues at its end
        self._next_seed = seed
        self._attended: dict[str, tuple[Thought, NDArray[np.float32]]] = {}  # by letter, of the moment looked at last

    def extend(self, act_steps: int = 1) -> None:
        """Raise the maximum of ACT steps by so many.

        Raises:
            ValueError: less than one.
        """
        if act_steps < 1:
            raise ValueError(f"ACT steps {act_steps}, expected at least 1")
        self.act_steps += act_steps

    def step(self) -> bool:
        """Go on by one update, computed where it was not yet made; return whether the maximum allows one."""
        if self.cursor.update == self.last_update:
            if self.last_update >= self.most_updates:
                return False
            self._think()
        return super().step()

    def go(self, update: int) -> None:
        """Go to an update of the present branch; those that were not yet made are computed.

        Raises:
            ValueError: an update below 0 or beyond the maximum of ACT steps.
        """
        most = max(self.most_updates, self.last_update)
        if not 0 <= update <= most:
            raise ValueError(f"update {update}, expected 0 to {most}")
        while self.last_update < update:
            self._think()
        super().go(update)

    @torch.inference_mode()
    def interfere(self, intervention: Intervention) -> None:
        """Interfere at the present moment: in place at the end of a branch, else in a new branch, which is chosen.

        Raises:
            PuzzleError: the edited puzzle is invalid.
            ValueError: it can't be done here; the message says why.
        """
        index, update = self.cursor
        thought, moment = self.thought(index, update), self.moment
        if isinstance(intervention, Noise) and intervention.seed is None:
            intervention = dataclasses.replace(intervention, seed=self._next_seed)
            self._next_seed += 1
        before = Mind(moment.puzzle, thought.state, moment.frozen)
        mind = apply(intervention, before, Place(self.agent, self._states, _present))
        note = intervention.words(self.family)
        touched = mind.puzzle is not before.puzzle or mind.state is not before.state
        after = self._interfered(thought, mind) if touched else thought
        shown = Moment.of(after, (*moment.notes, note), mind.frozen)
        made = Made(update, type(intervention).__name__, intervention.parameters, note)
        if update < self.last_update:
            index = self._leave()
            self._thoughts[index].append(after)
            self.branch.moments.append(shown)
        else:
            self._thoughts[index][-1] = after
            self.branch.moments[-1] = shown
        self.branch.interventions.append(made)
        self._ahead.pop(index, None)

    @property
    def attention_shape(self) -> tuple[int, int] | None:
        """(layers, heads), as both updates have them; None where the model mixes positions without attention."""
        config = self.agent.model.config
        return (min(config.layers, config.h_layers or config.layers), config.heads) if config.attends else None

    def attention(self, letter: str, layer: int, head: int | None, cell: tuple[int, int]) -> NDArray[np.float32] | None:
        """Return what a cell attends to; see ``Story.attention``."""
        if self.attention_shape is None:
            return None
        if letter not in ("L", "H"):
            raise ValueError(f"attention of update {letter!r}, expected 'L' or 'H'")
        layers, heads = self.attention_shape
        rows, columns = self.family.shape
        asked = (
            ("layer", layer, layers),
            ("head", head or 0, heads),
            ("row", cell[0], rows),
            ("column", cell[1], columns),
        )
        for name, value, count in asked:
            if not 0 <= value < count:
                raise ValueError(f"{name} {value}, expected 0 to {count - 1}")
        maps = self._maps(letter)[layer, :, cell[0] * columns + cell[1]].reshape(heads, rows, columns)
        return maps.mean(0) if head is None else maps[head]

    def thought(self, branch: int, update: int) -> Thought:
        """Return what the model held at a moment, interventions included.

        Raises:
            ValueError: no such moment so far.
        """
        if not 0 <= branch < len(self.branches):
            raise ValueError(f"branch {branch}, expected 0 to {len(self.branches) - 1}")
        found = self.branches[branch]
        found.moment(update)
        while update < found.start:
            assert found.parent is not None
            branch, found = found.parent, self.branches[found.parent]
        return self._thoughts[branch][update - found.start]

    def _think(self) -> None:
        """Make the next update at the end of the present branch."""
        index, branch = self.cursor.branch, self.branch
        last = branch.moment(branch.last_update)
        if index not in self._ahead:
            program = self.program
            for letter in last.frozen:
                program = freeze(program, letter)
            after = self.thought(index, last.update)
            self._ahead[index] = self.agent.think({"puzzle": last.puzzle}, _ENDLESS, program, after)
        thought = next(self._ahead[index])
        self._thoughts[index].append(thought)
        branch.moments.append(Moment.of(thought, frozen=last.frozen))

    def _leave(self) -> int:
        """Leave the present branch at the present moment: begin a new one, choose it, and return its index."""
        index = len(self.branches)
        parent, update = self.cursor
        self.branches.append(Branch(branch_name(index), parent, update, origin=self.branch))
        self._thoughts.append([])
        self.cursor = Cursor(index, update)
        return index

    def _interfered(self, thought: Thought, mind: Mind) -> Thought:
        """Return the same moment with another puzzle or other states; changed are the cells that this changes."""
        here = self.agent.before_thinking({"puzzle": mind.puzzle}, thought.state)
        decoded = here.z_H, here.z_L
        return Thought(
            here.subject, thought.act_step, thought.update, thought.letter, thought.state, mind.state, decoded
        )

    def _states(self, branch: int, update: int) -> State:
        return self.thought(branch, update).state

    @torch.inference_mode()
    def _own_attention(self, update: int) -> Maps | None:
        """Return the mean over heads of what an update attended to, in the states that it read."""
        letter = self.branch.moment(update).letter
        if letter not in ("L", "H") or self.attention_shape is None:
            return None
        read = self.thought(self.cursor.branch, update - 1)
        found = attention_by_layer(
            self.agent.model, letter, read.state, read.subject.x, lambda maps: maps[0].float().mean(0).cpu()
        )
        return torch.stack(found).numpy()

    @torch.inference_mode()
    def _maps(self, letter: str) -> NDArray[np.float32]:
        """Return what every cell attends to in the update that led here: (layers, heads, C, C) float32.

        They are kept until the present moment is another one: looking from cell to cell computes nothing.
        """
        read = self.thought(self.cursor.branch, max(0, self.cursor.update - 1))
        held = self._attended.get(letter)
        if held is None or held[0] is not read:
            found = attention_by_layer(
                self.agent.model, letter, read.state, read.subject.x, lambda maps: maps[0].float().cpu()
            )
            held = self._attended[letter] = read, torch.stack(found).numpy()
        return held[1]


def _present(source: Any) -> tuple[AIRAgent, State]:
    """Return the agent and the present states of another session.

    Raises:
        ValueError: a recording, which holds no states.
    """
    if not isinstance(source, Session):
        raise ValueError(f"{source.title}: a recording holds no states, expected a live session")
    return source.agent, source.thought(*source.cursor).state
