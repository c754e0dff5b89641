"""What a policy over L, H and COMMIT may observe of a mind: grids, a short vector of features, or hidden states too."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from agents.thinking.conflicts import conflicts
from agents.thinking.environment.mind import COMMIT, H, L, Mind
from air_envs.dynamics import grid_space

FEATURES = (
    "halting_probability",
    "z_H_changed",
    "z_L_changed",
    "z_H_entropy",
    "z_L_entropy",
    "conflicts",
    "open",
    "L_updates",
    "H_updates",
    "commits",
    "L_since_H",
)
"""The features in their order: see ``Features``."""


class Observer(abc.ABC):
    """Reads N puzzles' observations off a mind.

    Args:
        mind: of any number of puzzles.
    """

    name: ClassVar[str]
    """What environments call it: ``"grids"``."""
    space: spaces.Space[Any]
    """Of one puzzle."""

    def __init__(self, mind: Mind):
        self.mind = mind

    @abc.abstractmethod
    def parts(self) -> dict[str, NDArray[Any]]:
        """Return the observation's parts, each (N, ...): the mind's own arrays where it has them."""

    def join(self, parts: dict[str, Any]) -> Any:
        """Return an observation made of its parts, of one puzzle or many: a Dict, unless the observer says else."""
        return parts


class Grids(Observer):
    """Both states as grids, in a Dict; see ``agents.thinking.environment.single.SudokuThinkingEnv``."""

    name = "grids"

    def __init__(self, mind: Mind):
        super().__init__(mind)
        family = mind.agent.family
        grid = spaces.Box(0, family.undecided, family.shape, np.uint8)
        confidence = spaces.Box(0, 1, family.shape, np.float32)
        self.space = spaces.Dict(
            halting_probability=spaces.Box(0, 1, (1,), np.float32),
            proposal=grid,
            proposal_confidence=confidence,
            puzzle=grid_space(family),
            scratchpad=grid,
            scratchpad_confidence=confidence,
            updates=spaces.Box(0, np.iinfo(np.int64).max, (3,), np.int64),
        )

    def parts(self) -> dict[str, NDArray[Any]]:
        """Return both decoded states, and how sure they are."""
        mind = self.mind
        return {
            "halting_probability": mind.halting_probability.astype(np.float32)[:, None],
            "proposal": mind.z_H.cells,
            "proposal_confidence": mind.z_H.confidence,
            "puzzle": mind.puzzle,
            "scratchpad": mind.z_L.cells,
            "scratchpad_confidence": mind.z_L.confidence,
            "updates": mind.done,
        }


class Hidden(Grids):
    """The same, and both states themselves: ``z_H`` and ``z_L``, (S, D) float32 each."""

    name = "hidden"

    def __init__(self, mind: Mind):
        super().__init__(mind)
        assert isinstance(self.space, spaces.Dict)
        model, shape = mind.agent.model, tuple(mind.z_H.z.shape[1:])
        # Blocks end in an RMS norm without a gain, so no channel is larger; states may start with what is.
        starts = (model.H_init, model.L_init, *(() if model.level_tokens is None else (model.level_tokens,)))
        bound = max(float(start.abs().max()) for start in starts)
        self._bound = np.float32(max(shape[-1] ** 0.5, bound))
        hidden = spaces.Box(-self._bound, self._bound, shape, np.float32)
        self.space = spaces.Dict({**self.space.spaces, "z_H": hidden, "z_L": hidden})

    def parts(self) -> dict[str, NDArray[Any]]:
        """Add the states; rounding that takes a channel over its bound is cut off."""
        readings = {"z_H": self.mind.z_H, "z_L": self.mind.z_L}
        with torch.inference_mode():
            hidden = {name: reading.z.float().cpu().numpy() for name, reading in readings.items()}
        return super().parts() | {name: z.clip(-self._bound, self._bound) for name, z in hidden.items()}


class Features(Observer):
    """A vector of ``FEATURES``, float32 in 0..1, for policies of a few neurons.

    - halting_probability: what the halting head gives the proposal.
    - z_H_changed, z_L_changed: share of the cells that the state's last update decodes otherwise.
    - z_H_entropy, z_L_entropy: mean over the cells, as a share of the highest.
    - conflicts: share of the cells in which the proposal breaks a rule; see ``agents.thinking.conflicts``.
    - open: share of the cells that the proposal leaves undecided or blank.
    - L_updates, H_updates, commits: how many so far, as a share of the budget.
    - L_since_H: L-updates since the last H, as a share of the program's length.
    """

    name = "features"

    def __init__(self, mind: Mind):
        super().__init__(mind)
        self.space = spaces.Box(0, 1, (len(FEATURES),), np.float32)

    def parts(self) -> dict[str, NDArray[Any]]:
        """Return the vectors alone."""
        mind, family = self.mind, self.mind.agent.family
        inside = (1, 2)
        open_cells = mind.z_H.cells == family.undecided
        if family.symbols:  # whose 0 is a cell without one
            open_cells |= mind.z_H.cells == 0
        columns = (
            mind.halting_probability,
            mind.z_H.changed.mean(inside),
            mind.z_L.changed.mean(inside),
            mind.z_H.entropy,
            mind.z_L.entropy,
            conflicts(family, mind.puzzle, mind.answer).mean(inside),
            open_cells.mean(inside),
            mind.done[:, L] / max(mind.max_updates, 1),
            mind.done[:, H] / max(mind.max_updates, 1),
            mind.done[:, COMMIT] / mind.max_commits,
            mind.since_H / len(mind.program),
        )
        return {self.name: np.stack(columns, 1).clip(0, 1).astype(np.float32)}

    def join(self, parts: dict[str, Any]) -> Any:
        """Return the vector itself."""
        return parts[self.name]


OBSERVERS: dict[str, type[Observer]] = {observer.name: observer for observer in (Features, Grids, Hidden)}


def observer(name: str, mind: Mind) -> Observer:
    """Return the observer of that name.

    Raises:
        ValueError: another name.
    """
    if name not in OBSERVERS:
        raise ValueError(f"observations: found {name!r}, expected one of {sorted(OBSERVERS)}")
    return OBSERVERS[name](mind)


def observed_rows(observation: Any) -> tuple[int, bool]:
    """Return of how many environments an observation is, and whether it is of a vector environment."""
    if isinstance(observation, Mapping):
        puzzle = np.asarray(observation["puzzle"])
        return (len(puzzle), True) if puzzle.ndim == 3 else (1, False)
    features = np.asarray(observation)
    return (len(features), True) if features.ndim == 2 else (1, False)


def halting_probability(observation: Any) -> NDArray[np.float32]:
    """Return what observations of any kind say of the halting head: (N,) float32, N = 1 for a single one."""
    if isinstance(observation, Mapping):
        return np.asarray(observation["halting_probability"]).reshape(-1)
    return np.atleast_2d(observation)[:, FEATURES.index("halting_probability")]
