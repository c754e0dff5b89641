"""A trained AIR model that plays: it proposes a grid per ACT step, and shows every update it makes on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import puzzles
from agents.data.batches import to_cells, to_tokens
from agents.models.air import AIR, Output, State
from agents.models.compiling import compiled
from agents.models.devices import pick_device, pick_dtype
from agents.pretrained import load_pretrained


@dataclass(frozen=True)
class Decoded:
    """One recurrent state as a grid."""

    cells: puzzles.Grids
    """(rows, columns) uint8: the most probable cell values, ``family.undecided`` where that is padding."""
    confidence: NDArray[np.float32]
    """(rows, columns) float32: softmax probability of that value."""
    probability: NDArray[np.float32]
    """(rows, columns, cell_values) float32: of every value; what is missing to 1 is padding."""


@dataclass(frozen=True)
class Thought:
    """The state of mind after one L- or H-update."""

    act_step: int
    """ACT step, counted from 1."""
    update: int
    """Update, counted from 1 over all ACT steps."""
    letter: str
    """Which update it was: "L", "H", or "-" for a frozen one."""
    z_H: Decoded
    """The proposal."""
    z_L: Decoded
    """The scratchpad."""
    halt_logit: float
    """Logit of "the whole proposal is right", read off z_H."""


class AIRAgent:
    """Plays puzzle environments whose action is a whole grid; ``predict`` has Stable-Baselines3's signature.

    Args:
        model: trained, on its device.
        dtype: of the hidden states: float32 by default, as exact as the weights; bfloat16 is faster on a GPU.
        compile: compile the ACT step with torch.compile, once per batch size.
    """

    step: Callable[[Tensor, State], tuple[State, Output]]
    """Takes one ACT step of a batch, compiled or not: the model's ``forward``."""

    def __init__(self, model: AIR, dtype: torch.dtype = torch.float32, compile: bool = False):
        self.model = model.eval()
        self.dtype = dtype
        self.step = compiled(self.model, "default" if compile else "off")
        self.family = puzzles.family(model.config.family)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        device: str = "cpu",
        dtype: str = "float32",
        compile: bool = False,
        family: str | None = None,
    ) -> AIRAgent:
        """Load an agent from a checkpoint folder, by the name of a shipped model, or from the hub.

        Args:
            name_or_path: a folder; else ``"air_envs/sudoku-6x6"`` or ``"sudoku-6x6"`` where such a model is shipped;
                else ``"someone/their-model"`` on the hub.
            device: cpu, cuda, mps or auto.
            dtype: of the hidden states.
            compile: compile the ACT step with torch.compile, once per batch size.
            family: another grid shape to play than the model was trained on; see ``AIR.resized``.

        Raises:
            CheckpointError: no such checkpoint, or a damaged one.
            ValueError: the model's weights don't fit that family.
        """
        where = pick_device(device)
        model = load_pretrained(name_or_path, where)
        if family is not None:
            model = model.resized(family)
        return cls(model, pick_dtype(dtype, where), compile)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self.model.H_init.device

    @torch.inference_mode()
    def predict(
        self,
        observation: Mapping[str, Any],
        state: State | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[puzzles.Grids, State]:
        """Take one ACT step and propose the decoded z_H.

        Args:
            observation: of a puzzle environment; its ``"puzzle"`` is (rows, columns), or (N, rows, columns) batched.
            state: what the last call returned; None starts afresh.
            episode_start: (N,) bool, where a new episode begins.
            deterministic: there for Stable-Baselines3's sake; the answer always is.

        Returns:
            The proposal, uint8 in the puzzle's shape, and the state for the next call.

        Raises:
            PuzzleError: the puzzle is not of the model's family.
        """
        puzzle = np.asarray(observation["puzzle"])
        tokens = self.tokens(puzzle if puzzle.ndim == 3 else puzzle[None])
        fresh = self.initial_state(len(tokens))
        if state is None:
            state = fresh
        elif episode_start is not None:
            state = state.restart(torch.as_tensor(episode_start, device=self.device).reshape(-1), fresh)
        state, output = self.step(tokens, state)
        return self.propose(output.logits).reshape(puzzle.shape), state

    def think(
        self, observation: Mapping[str, Any], act_steps: int | None = None, program: str | None = None
    ) -> Iterator[Thought]:
        """Yield every update of a puzzle's solution, decoded, as it happens.

        Args:
            observation: of a puzzle environment, not batched.
            act_steps: how many ACT steps to take, by default the model's maximum.
            program: what to run in each, by default the model's; ``agents.config.program.freeze`` makes variants.

        Raises:
            PuzzleError: the puzzle is not of the model's family.
            ValueError: less than one ACT step, or an update that is none.
        """
        tokens = self.tokens(np.asarray(observation["puzzle"])[None])
        program = program or self.model.config.program
        act_steps = self.act_steps(act_steps)
        with torch.inference_mode():
            x = self.model.embed(tokens, self.dtype)
            state = self.initial_state(1)
        update = 0
        for act_step in range(1, act_steps + 1):
            for letter in program:
                with torch.inference_mode():
                    state = self.model.update(letter, state, x)
                    update += 1
                    q_halt, _ = self.model.halting_logits(state)
                    thought = Thought(act_step, update, letter, *self.decode(state), float(q_halt))
                yield thought

    def act_steps(self, asked: int | None) -> int:
        """Return how many ACT steps to take: as many as asked for, by default the model's maximum.

        Raises:
            ValueError: less than one.
        """
        steps = self.model.config.max_steps if asked is None else asked
        if steps < 1:
            raise ValueError(f"ACT steps {steps}, expected at least 1")
        return steps

    def decode(self, state: State) -> tuple[Decoded, Decoded]:
        """Decode z_H and z_L of a single puzzle with the model's one lm_head."""
        return self._decoded(self.model.decode(state.z_H)), self._decoded(self.model.decode(state.z_L))

    def propose(self, logits: Tensor) -> puzzles.Grids:
        """Decode an answer to actions: (B, C, V) to (B, rows, columns) uint8, 0 (blank, wall) where undecided."""
        cells = to_cells(logits, self.family)
        return torch.where(cells == self.family.undecided, 0, cells).cpu().numpy()

    def initial_state(self, batch: int) -> State:
        """Return the states that every puzzle starts from, in the agent's dtype."""
        return self.model.initial_state(batch, self.dtype)

    def tokens(self, puzzle: puzzles.Grids) -> Tensor:
        """Turn puzzles, (N, rows, columns) uint8, into tokens on the model's device.

        Raises:
            PuzzleError: another shape or type, or a value that the family does not have.
        """
        return to_tokens(self.family.checked(puzzle), self.device)

    def _decoded(self, logits: Tensor) -> Decoded:
        probability = logits[0].float().softmax(-1).view(*self.family.shape, -1).cpu().numpy()
        return Decoded(to_cells(logits, self.family)[0].cpu().numpy(), probability.max(-1), probability[..., 1:])
