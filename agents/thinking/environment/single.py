"""What ``gym.make`` makes of ``air_envs/SudokuThinking-v0`` and ``air_envs/MazeThinking-v0``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, ClassVar

from agents.models.air import AIR
from agents.pretrained import find
from agents.thinking.agent import AIRAgent, as_agent
from agents.thinking.environment.dynamics import MazeThinking, PricedUpdates, SudokuThinking, Thinking
from agents.thinking.environment.mind import Mind
from agents.thinking.environment.reporting import thinking_picture, thinking_text
from air_envs.dynamics import Dynamics
from air_envs.env import PuzzleEnv
from air_envs.maze import MazeEnv
from air_envs.sudoku import SudokuEnv


class ThinkingEnv(PuzzleEnv):
    """What the thinking environments share; a mixin before a family's own environment.

    Args:
        model: an ``AIRAgent``, an ``AIR``, or what ``AIRAgent.from_pretrained`` takes.
        observations: ``"grids"``, ``"features"`` or ``"hidden"``.
        update_cost: price of one L or H.
        max_updates: budget of L- and H-updates; one more truncates. None: what the model's ACT steps make.
        max_commits: how many proposals are judged; the last one ends the episode. None: one per ACT step.
        device: where to load the model to.
        dtype: of the hidden states of a model that is loaded.
        pixels: of the longer side of each board.
        **puzzle: as the family's environment takes them.

    Raises:
        CheckpointError: no such model, or a damaged one.
        ValueError: an unknown argument, or puzzles that the model's weights don't fit.
    """

    dynamics: Thinking
    kind: ClassVar[str]
    """Of the puzzles."""
    shape_arguments: ClassVar[tuple[str, ...]]
    """The arguments of the family's environment that say its rows and columns, or both."""

    def __init__(
        self,
        *,
        model: AIRAgent | AIR | str | Path,
        observations: str = "grids",
        update_cost: float = 0.0,
        max_updates: int | None = None,
        max_commits: int | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        pixels: int = 320,
        **puzzle: Any,
    ):
        agent = as_agent(model, device, dtype)
        if agent.family.kind != self.kind:
            raise ValueError(f"model: found one for {agent.family.name}, expected one for {self.kind}")
        if puzzle.get("candidates"):
            raise ValueError("candidates: found True, expected False: here the model's states are observed")
        folder = find(model) if isinstance(model, (str, Path)) else None
        super().__init__(
            action_type="think",
            agent=agent,
            observations=observations,
            max_updates=max_updates,
            max_commits=max_commits,
            pixels=pixels,
            **self._as_trained(agent, folder, puzzle),
        )
        self.reward = PricedUpdates(self.reward, update_cost)

    @property
    def mind(self) -> Mind:
        """The model's states, and what was done so far."""
        return self.dynamics.mind

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Run one update of the model, or submit its proposal.

        Raises:
            ActionError: an action that is not 0, 1 or 2; nothing has changed.
        """
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, truncated or bool(self.mind.out_of_updates[0]), info

    def render(self) -> Any:
        """Draw as ``render_mode`` says: (height, width, 3) uint8, text, or None after showing it in a window."""
        if self.render_mode is None:
            return super().render()
        if self.render_mode == "ansi":
            return thinking_text(self.mind, 0, *self.dynamics.answers(0))
        picture = thinking_picture(self.mind, 0, *self.dynamics.answers(0), self.viewer)
        return self.viewer.show_picture(picture) if self.render_mode == "human" else picture

    @classmethod
    def _as_trained(cls, agent: AIRAgent, folder: Path | None, puzzle: dict[str, Any]) -> dict[str, Any]:
        """Fill in, where puzzles are generated, the shape and the generator's options that the model was trained on."""
        given = {name: value for name, value in puzzle.items() if value is not None}
        if "dataset" in given or "source" in given:
            return puzzle
        shape = dict(zip(cls.shape_arguments, agent.family.shape, strict=False))
        options = {field.name for field in dataclasses.fields(agent.family.Options)}
        file = folder / "generator.json" if folder else None
        if file is None or not file.is_file() or options & given.keys() or shape | given != given | shape:
            return puzzle | shape | given
        return puzzle | shape | {"generated": json.loads(file.read_text(encoding="utf-8"))} | given

    def _observation(self) -> Any:
        return self.dynamics.observer.join(super()._observation())


class SudokuThinkingEnv(ThinkingEnv, SudokuEnv):
    """Let a model solve a Sudoku, one recurrent update at a time.

    ## Description

    The AIR model holds two recurrent states: z_H, which decodes to a proposal, and z_L, its scratchpad. Each L-update
    renews z_L, each H-update renews z_H. Here the agent is a policy that chooses them: think with L and H, then submit
    the decoded z_H. The model does not learn; its canonical policy plays its program, such as LLHLLH, and submits after
    each pass.

    Puzzles come from a generator or a dataset file, as in `air_envs/Sudoku-v0`. By default they are generated as the
    model's training puzzles were.

    ## Action Space

    `Discrete(3)`:

    * 0, L: update z_L. 1, H: update z_H. Neither changes the answer given so far.
    * 2, COMMIT: submit the decoded z_H as a whole grid. It runs no update.

    Whatever else raises `air_envs.ActionError`, a `ValueError`, and changes nothing.

    ## Observation Space

    `observations="grids"`, a `Dict`:

    * `puzzle`, `Box(0, n, (n, n), uint8)`: the puzzle before any update.
    * `proposal`, `scratchpad`, `Box(0, n + 1, (n, n), uint8)`: decoded z_H and z_L; n + 1 where undecided.
    * `proposal_confidence`, `scratchpad_confidence`, `Box(0, 1, (n, n), float32)`: softmax probability of each cell.
    * `halting_probability`, `Box(0, 1, (1,), float32)`: that the whole proposal is right, by the model's halting head.
    * `updates`, `Box(0, 2**63 - 1, (3,), int64)`: how many L, H and COMMIT so far.

    `observations="features"`: `Box(0, 1, (11,), float32)`, the numbers that
    `agents.thinking.environment.observing.Features` names.

    `observations="hidden"`: the `Dict`, and `z_H` and `z_L`, float32 of (positions, hidden).

    ## Rewards

    A COMMIT earns what the proposal earns in `air_envs/Sudoku-v0`: with `reward="sparse"`, 1 if it solves the puzzle.
    `update_cost` is taken off for each L and H.

    ## Starting State

    Both states are the model's initial ones, the same for every puzzle. `reset(options={"index": i})` starts with row i
    of the dataset; `reset(options={"puzzle": p})` starts with p, an (n, n) grid or its text form.

    ## Episode End

    Terminated when a proposal solves the puzzle, and when `max_commits` proposals did not. Truncated by the L or H that
    exceeds `max_updates`.

    ## Information

    The keys of `air_envs/Sudoku-v0`, of which `filled`, `conflicts` and `solved` are of the last submitted grid and
    `steps` counts all actions, and at reset and step alike:

    | key | type | |
    | --- | --- | --- |
    | `letter` | str | the update that the step made, `"L"` or `"H"`; empty after a COMMIT and after a reset |
    | `committed` | bool | whether the step was a COMMIT |
    | `act_step` | int | ACT step of the last update, counted from 1; it takes as many updates as the program has |
    | `halt_logit` | float | logit of the halting probability |
    | `proposal_solves` | bool | whether the decoded z_H solves the puzzle, submitted or not |
    | `action_mask` | (3,) int8 | L and H while updates are left, COMMIT always; `action_masks()` returns it as bool |

    ## Arguments

    | argument | default | |
    | --- | --- | --- |
    | `model` | | name of a shipped model, folder of a checkpoint, `AIR` or `AIRAgent`; of another side where it fits |
    | `observations` | `"grids"` | `"grids"`, `"features"` or `"hidden"` |
    | `update_cost` | 0.0 | price of one L or H |
    | `max_updates` | None | budget of L and H; None for the model's maximum of ACT steps |
    | `max_commits` | None | budget of proposals; None for one per ACT step |
    | `device`, `dtype` | `"cpu"`, `"float32"` | where a model is loaded to, and its hidden states' type |
    | `pixels` | 320 | longer side of each board that is drawn |

    All others are those of `air_envs/Sudoku-v0`: `dataset`, `split`, `source`, `size`, `level`, `clues`, `reward`,
    `solution_in_info`, `render_mode`, `theme` and so on. Without `size` and a dataset the model's own side is played.

    ## Version History

    * v0: Initial version.
    """

    dynamics_types: ClassVar[dict[str, type[Dynamics]]] = {"think": SudokuThinking}
    kind = "sudoku"
    shape_arguments = ("size",)


class MazeThinkingEnv(ThinkingEnv, MazeEnv):
    """Let a model find the way through a maze, one recurrent update at a time.

    ## Description

    As `air_envs/SudokuThinking-v0`, with mazes: the proposal is a grid whose path cells are the path.

    ## Action Space

    `Discrete(3)`: 0, L, updates z_L; 1, H, updates z_H; 2, COMMIT, submits the decoded z_H.

    ## Observation Space

    As there, with `Box(0, 4, (rows, columns), uint8)` for the puzzle and 5 for an undecided cell of a decoded state.

    ## Rewards

    A COMMIT earns what the proposal earns in `air_envs/Maze-v0`; `update_cost` is taken off for each L and H.

    ## Starting State

    Both states are the model's initial ones. `reset(options=...)` chooses a maze, as in
    `air_envs/Maze-v0`.

    ## Episode End

    Terminated when a proposal marks a shortest path, and when `max_commits` proposals did not. Truncated by the L or H
    that exceeds `max_updates`.

    ## Information

    The keys of `air_envs/Maze-v0`, whose `solved`, `distance` and `efficiency` are of the last submitted grid; and
    `letter`, `committed`, `act_step`, `halt_logit`, `proposal_solves` and `action_mask`, as there.

    ## Arguments

    Those of `air_envs/SudokuThinking-v0` that concern the model; all others are those of `air_envs/Maze-v0`: `dataset`,
    `split`, `source`, `rows`, `columns`, `generator`, `reward`, `render_mode` and so on.

    ## Version History

    * v0: Initial version.
    """

    dynamics_types: ClassVar[dict[str, type[Dynamics]]] = {"think": MazeThinking}
    kind = "maze"
    shape_arguments = ("rows", "columns")
