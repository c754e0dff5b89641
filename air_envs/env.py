"""``PuzzleEnv``: a Gymnasium environment over any ``Dynamics``, source, reward and viewer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from air_envs.actions import ActionError, shape_of
from air_envs.drawing import Theme, Viewer, board_text
from air_envs.dynamics import Dynamics
from air_envs.reset_options import requested_puzzles
from air_envs.rewards import Reward, as_reward, step_rewards
from air_envs.sources import PuzzleSource, adapts, last_levels, next_puzzles
from air_envs.streams import Streams, stream_seeds
from puzzles import Puzzles
from puzzles.errors import GenerationError, is_whole

_ROW = np.zeros(1, np.int64)
PROPOSE = "propose"
"""The action type whose actions are whole grids, each an answer."""
MAX_PROPOSALS = 16
UNKNOWN_SEED = -1
"""What Gymnasium calls the seed of a generator that was set from outside."""


class PuzzleEnv(gym.Env[Any, Any]):
    """A puzzle being worked on: a batch of one over ``Dynamics``.

    A family's environment sets ``dynamics_types`` and calls this constructor; its docstring says what is observed.

    Args:
        source: of the puzzles; says the family.
        action_type: a key of ``dynamics_types``.
        max_proposals: steps after which an episode of ``action_type="propose"`` is truncated; None leaves it to the
            time limit. By default as many ACT steps as HRM, TRM and AIR take.
        reward: ``"sparse"``, ``"dense"`` or a callable, see ``air_envs.rewards``.
        render_mode: None, ``"human"``, ``"rgb_array"`` or ``"ansi"``.
        solution_in_info: whether ``info`` holds the solution.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        pixels: of the picture's longer side.
        viewer: draws instead of the default one.
        **dynamics: further arguments of the dynamics.

    Raises:
        ValueError: an unknown argument.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 10}  # noqa: RUF012
    dynamics_types: ClassVar[dict[str, type[Dynamics]]]
    variants: ClassVar[tuple[dict[str, Any], ...]] = ()
    """Arguments that need compiled code beyond that of the ids; ``air_envs.warm_up`` makes an environment of each."""

    def __init__(
        self,
        source: PuzzleSource,
        action_type: str,
        *,
        max_proposals: int | None = MAX_PROPOSALS,
        reward: str | Reward = "sparse",
        render_mode: str | None = None,
        solution_in_info: bool = False,
        theme: str | Theme = "light",
        pixels: int = 480,
        viewer: Viewer | None = None,
        **dynamics: Any,
    ):
        if action_type not in self.dynamics_types:
            raise ValueError(f"action_type: found {action_type!r}, expected one of {sorted(self.dynamics_types)}")
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode: found {render_mode!r}, expected one of {self.metadata['render_modes']}")
        proposing = action_type == PROPOSE
        if max_proposals is not None and not (is_whole(max_proposals) and max_proposals >= 1):
            raise ValueError(f"max_proposals: found {max_proposals!r}, expected 1 or more, or None for no limit")
        if not proposing and max_proposals not in (None, MAX_PROPOSALS):
            raise ValueError(f"max_proposals: found {max_proposals} with action_type {action_type!r}, not {PROPOSE!r}")
        self.max_proposals = max_proposals if proposing else None
        """Steps after which an episode is truncated, whatever the time limit; None for no such end."""
        self.family = source.family
        self.source = source
        dynamics_type: Callable[..., Dynamics] = self.dynamics_types[action_type]
        self.new_dynamics = functools.partial(dynamics_type, self.family, **dynamics)
        """Makes the dynamics of ``count`` such puzzles, for vector environments."""
        self.dynamics = self.new_dynamics(1)
        self.reward = as_reward(reward, self.dynamics)
        self.action_type = action_type
        self.action_space = self.dynamics.action_space
        self.observation_space = self.dynamics.observation_space
        self.render_mode = render_mode
        self.solution_in_info = solution_in_info
        self._viewer = viewer
        self._look: dict[str, Any] = {"theme": theme, "pixels": pixels}
        self._streams = Streams(1)
        self._levels = np.full(1, -1)
        self._seeded_from: np.random.Generator | None = None
        self._started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start a puzzle.

        Args:
            seed: fixes this puzzle and all later ones.
            options: ``{"index": i}`` takes row i of the dataset; ``{"puzzle": grid}`` takes a grid of (rows, columns)
                integers, or a text form. Neither uses up randomness.

        Raises:
            PuzzleError: a puzzle in ``options`` that is malformed, or has no solution or several where one is required.
            GenerationError: the generator found no puzzle; the message names the seed that fixed this one.
            ValueError: an index out of range or without a dataset, or another option.
        """
        super().reset(seed=seed)
        puzzles = requested_puzzles(self.source, options)
        if puzzles is None:
            puzzles = self._load()
        else:
            self._levels[:] = -1
        self.dynamics.reset(_ROW, puzzles)
        self._started = True
        if self.render_mode == "human":
            self.render()
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Act once. The time limit is a wrapper's business; the fourth value is True after ``max_proposals`` alone.

        Raises:
            ResetNeeded: before the first reset.
            ActionError: the action space does not hold the action; nothing has changed.
        """
        dynamics = self._ready("step")
        try:
            action = dynamics.check(action)
        except ActionError as error:
            raise self.explained(error, action, ()) from None
        dynamics.step(action)
        if self.render_mode == "human":
            self.render()
        reward, ended = float(step_rewards(self.reward, dynamics)[0]), bool(dynamics.solved[0] or dynamics.failed[0])
        truncated = self.max_proposals is not None and int(dynamics.steps[0]) >= self.max_proposals
        return self._observation(), reward, ended, truncated, self._info()

    def explained(self, error: ActionError, action: Any, batch: tuple[int, ...]) -> ActionError:
        """Return an action's error, with advice if the action is a whole grid.

        Args:
            error: raised for the action.
            action: one action, or those of N environments.
            batch: () for one action, (N,) for N.
        """
        wanted = (*batch, *self.family.shape)
        if PROPOSE in self.dynamics_types and self.action_type != PROPOSE and shape_of(action) == wanted:
            return ActionError(f'{error}; for whole grids make the environment with action_type="{PROPOSE}"')
        return error

    def action_masks(self) -> NDArray[np.bool_]:
        """Return (actions,) bool: which actions are legal now, as MaskablePPO asks for it.

        Raises:
            ResetNeeded: before the first reset.
            TypeError: actions are whole grids, which have no mask.
        """
        masks = self.dynamics.masks()
        if masks is None:
            raise TypeError(f"action_type {self.action_type!r}: whole grids have no mask")
        self._ready("action_masks")
        return masks[0].astype(np.bool_)

    def render(self) -> Any:
        """Draw as ``render_mode`` says: (height, width, 3) uint8, text, or None after showing it in a window.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self.render_mode is None:
            name = self.spec.id if self.spec else type(self).__name__
            gym.logger.warn(f'{name}: render() without a render mode; pass render_mode="rgb_array" when making it')
            return None
        scene = self._ready("render").scene(0)
        if self.render_mode == "ansi":
            return board_text(self.family, scene)
        if self.render_mode == "human":
            return self.viewer.show(scene)
        return self.viewer.rgb_array(scene)

    @property
    def viewer(self) -> Viewer:
        """The viewer, made when first asked for."""
        if self._viewer is None:
            title = self.spec.id if self.spec else type(self).__name__
            self._viewer = Viewer(self.family, title=title, fps=self.metadata["render_fps"], **self._look)
        return self._viewer

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._viewer is not None:
            self._viewer.close()

    def _ready(self, call: str) -> Dynamics:
        if not self._started:
            raise ResetNeeded(f"{call} before the first reset")
        return self.dynamics

    def _load(self) -> Puzzles:
        levels = last_levels(self._levels, self.dynamics.steps)
        try:
            puzzles, self._levels[:] = next_puzzles(self.source, *self._draw(), levels, self.dynamics.solved)
        except GenerationError as error:  # it names the key, which nobody gave
            seed = self.np_random_seed
            raise GenerationError(None if seed == UNKNOWN_SEED else seed, error.reason) from None
        return puzzles

    def _draw(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Draw from the stream that ``np_random`` seeds, once for each generator set there; see ``Streams.draw``."""
        if self._seeded_from is not self.np_random:
            self._seeded_from = self.np_random
            self._streams.seed(_ROW, stream_seeds(self.np_random))
        return self._streams.draw(_ROW)

    def _observation(self) -> dict[str, NDArray[Any]]:
        return {name: values[0].copy() for name, values in self.dynamics.observation().items()}

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {name: values.item() for name, values in self.dynamics.info().items()}
        masks = self.dynamics.masks()
        if masks is not None:
            info["action_mask"] = masks[0].copy()
        if self.solution_in_info:
            info["solution"] = self.dynamics.solution[0].copy()
        if adapts(self.source):
            info["level"] = self._levels.item()
        return info


def options_of(owner: str, action_type: str, **options: tuple[Any, Any]) -> dict[str, Any]:
    """Return the options of one way of acting, each given as (value, default), or none for another way.

    Raises:
        ValueError: an option of another way of acting that is not at its default.
    """
    if action_type == owner:
        return {name: value for name, (value, _) in options.items()}
    for name, (value, default) in options.items():
        if value != default:
            raise ValueError(f"{name}: found {value!r} with action_type {action_type!r}, an option of {owner!r}")
    return {}
