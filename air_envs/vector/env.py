"""``PuzzleVectorEnv``: N environments over one ``Dynamics`` of N rows, step for step equal to N single ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import logger
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from air_envs.actions import ActionError
from air_envs.drawing import Viewer, board_text, tile
from air_envs.dynamics import Dynamics
from air_envs.env import PuzzleEnv
from air_envs.reset_options import requested_puzzles
from air_envs.rewards import step_rewards
from air_envs.sources import adapts, last_levels, next_puzzles
from air_envs.streams import Streams, stream_seeds
from air_envs.vector.infos import Arrays, final_infos, full_infos, row_infos
from air_envs.vector.resets import check_reset_mask, check_seeds
from puzzles.errors import GenerationError

Observations = dict[str, NDArray[Any]]


class PuzzleVectorEnv(VectorEnv[Any, Any, NDArray[Any]]):
    """N puzzles being worked on side by side: what ``gymnasium.make_vec`` makes of the ids of this package.

    Observations, rewards, ends and infos equal those of ``gymnasium.vector.SyncVectorEnv`` over N single environments
    with the same seeds, keys, dtypes and masks included. A family's subclass sets ``env_type``.

    Every end starts a new puzzle. Where generating one takes long it is a copy from a pool, see
    ``air_envs.PooledPuzzles``: the first reset generates some for a few seconds, a background thread the others.

    Args:
        num_envs: N.
        max_episode_steps: the time limit; None or -1 for none. ``make_vec`` passes that of the id where none is given.
        autoreset_mode: an ``AutoresetMode`` or its value. ``NEXT_STEP``: the step after an end resets, whatever the
            action. ``SAME_STEP``: the step that ends resets too, and ``infos`` holds ``final_obs`` and ``final_info``.
            ``DISABLED``: nothing resets but ``reset``, where ``options={"reset_mask": mask}`` picks rows by (N,) bool.
        copy: whether returned observations and infos are new arrays; False hands out those of the environment, which
            the next ``step`` or ``reset`` changes: faster, for callers that keep nothing.
        render_rows: which sub-environments are drawn; None draws all.
        **kwargs: as the single environment takes them.

    Raises:
        ValueError: an unknown argument.
    """

    metadata: dict[str, Any] = PuzzleEnv.metadata
    env_type: ClassVar[type[PuzzleEnv]]
    """The single environment."""
    _window: Viewer | None = None  # of the class: Gymnasium before 1.3 closes environments whose __init__ has raised

    def __init__(
        self,
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_rows: Sequence[int] | None = None,
        **kwargs: Any,
    ):
        if num_envs < 1:
            raise ValueError(f"num_envs: found {num_envs}, expected 1 or more")
        if render_rows is not None and not all(0 <= row < num_envs for row in render_rows):
            raise ValueError(f"render_rows: found {render_rows}, expected 0 to {num_envs - 1}")
        self.template = self.env_type(**kwargs)
        """A single environment of the same arguments, whose parts are used; it is never played itself."""
        self.num_envs = num_envs
        self.max_episode_steps = _time_limit(max_episode_steps)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = self.template.metadata | {"autoreset_mode": self.autoreset_mode}
        self.render_mode = self.template.render_mode
        self.render_rows = tuple(range(num_envs) if render_rows is None else render_rows)
        self.copy = copy
        self.family = self.template.family
        self.source = self.template.source
        self.dynamics = self.template.new_dynamics(num_envs)
        self.reward = self.template.reward
        self.single_action_space = self.dynamics.action_space
        self.single_observation_space = self.dynamics.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._every_row = np.arange(num_envs)
        self._streams = Streams(num_envs)
        self._levels = np.full(num_envs, -1)
        self._seeded = np.zeros(num_envs, np.bool_)
        self._seeds: list[int | None] = [None] * num_envs
        self._started = np.zeros(num_envs, np.bool_)
        self._ended = np.zeros(num_envs, np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Start a puzzle in every sub-environment, or in some.

        Args:
            seed: sub-environment i gets ``seed + i``, or ``seed[i]``; None continues with the streams that it has.
            options: as the single environment takes them, for all; or N of an ``"index"`` or ``"puzzle"``. With
                ``"reset_mask"``, (N,) bool, only those rows are reset, and only they have infos.

        Raises:
            PuzzleError: a puzzle in ``options`` that is malformed, or has no solution or several where one is required.
            GenerationError: the generator found no puzzle; the message names the seed, if there is one.
            ValueError: another number of seeds, an index out of range or without a dataset, or another option.
            TypeError: a mask that is no array of bool.
        """
        options = dict(options or {})
        rows = check_reset_mask(options.pop("reset_mask", None), self.num_envs)
        seeds = check_seeds(seed, self.num_envs)
        puzzles = requested_puzzles(self.source, options, self.num_envs)
        if isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
        self._seed(rows, seeds)
        if puzzles is None:
            self._start(rows, self.dynamics.solved[rows])
        else:
            self._levels[rows] = -1
            self.dynamics.reset(rows, puzzles.take(rows))
        self._started[rows] = True
        self._ended[rows] = False
        self._show()
        if len(rows) == self.num_envs:
            return self._observations(), full_infos(self._infos(), self.num_envs, self.copy)
        return self._observations(), row_infos(self._infos(), rows, self.num_envs)

    def step(
        self, actions: Any
    ) -> tuple[Observations, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Act once in every sub-environment: (N,) integers, or (N, rows, columns).

        Returns:
            observations, rewards (N,) float64, terminations and truncations (N,) bool, infos.

        Raises:
            ActionError: an action that the action space does not hold, with its sub-environment; nothing has changed.
            ResetNeeded: some were not reset yet or, without autoreset, have ended.
        """
        dynamics = self._ready("step")
        resetting = self._to_reset()
        try:
            actions = dynamics.check_batch(actions, self._ended if len(resetting) else None)
        except ActionError as error:
            raise self.template.explained(error, actions, (self.num_envs,)) from None
        solved_before = dynamics.solved[resetting]  # the step changes it
        dynamics.step(actions)
        rewards = step_rewards(self.reward, dynamics)
        terminations = dynamics.ended
        truncations = self._out_of_time()
        infos: dict[str, Any] = {}
        if self.autoreset_mode is AutoresetMode.NEXT_STEP:
            if len(resetting):
                self._start(resetting, solved_before)
                rewards[resetting] = 0.0
                terminations[resetting] = truncations[resetting] = False
            self._ended = terminations | truncations
        elif self.autoreset_mode is AutoresetMode.SAME_STEP:
            over = np.flatnonzero(terminations | truncations)
            if len(over):
                infos = final_infos(dynamics.observation(), self._infos(), over, self.num_envs)
                self._start(over, dynamics.solved[over])
        else:
            self._ended = terminations | truncations
        self._show()
        infos |= full_infos(self._infos(), self.num_envs, self.copy)
        return self._observations(), rewards, terminations, truncations, infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Return (N, actions) bool: which actions are legal now.

        Raises:
            ResetNeeded: some were not reset yet.
            TypeError: actions are whole grids, which have no mask.
        """
        masks = self.dynamics.masks()
        if masks is None:
            raise TypeError(f"action_type {self.template.action_type!r}: whole grids have no mask")
        self._ready("action_masks")
        return masks.astype(np.bool_)

    def render(self) -> tuple[Any, ...] | None:
        """Draw the sub-environments ``render_rows``, one picture or text each.

        ``"human"`` shows them side by side in one window and returns None. ``air_envs.drawing.tile`` makes one picture
        of many.

        Raises:
            ResetNeeded: some were not reset yet.
        """
        if self.render_mode is None:
            logger.warn(f'{self}: render() without a render mode; pass render_mode="rgb_array" when making it')
            return None
        self._ready("render")
        if self.render_mode == "ansi":
            return tuple(self._text(row) for row in self.render_rows)
        viewer = self.template.viewer
        pictures = tuple(self._picture(row) for row in self.render_rows)
        if self.render_mode == "rgb_array":
            return pictures
        if self._window is None:
            title = self.spec.id if self.spec else type(self).__name__
            self._window = Viewer(self.family, theme=viewer.theme, fps=viewer.fps, title=title)
        self._window.show_picture(tile(pictures, viewer.theme))
        return None

    def _text(self, row: int) -> str:
        return board_text(self.family, self.dynamics.scene(row))

    def _picture(self, row: int) -> Any:
        return self.template.viewer.rgb_array(self.dynamics.scene(row))

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    def _ready(self, call: str) -> Dynamics:
        if not self._started.all():
            rows = np.flatnonzero(~self._started).tolist()
            raise ResetNeeded(f"sub-environments {rows}: {call} before the first reset")
        return self.dynamics

    def _to_reset(self) -> NDArray[np.int64]:
        """Return the rows whose next step resets them."""
        ended = np.flatnonzero(self._ended)
        if len(ended) and self.autoreset_mode is AutoresetMode.DISABLED:
            raise ResetNeeded(f'sub-environments {ended.tolist()} have ended: reset them with options={{"reset_mask"}}')
        return ended

    def _out_of_time(self) -> NDArray[np.bool_]:
        limits = [limit for limit in (self.max_episode_steps, self.template.max_proposals) if limit is not None]
        return self.dynamics.steps >= min(limits) if limits else np.zeros(self.num_envs, np.bool_)

    def _seed(self, rows: NDArray[np.int64], seeds: list[int | None]) -> None:
        """Start streams as single environments of these seeds would; a row without seed keeps the one that it has."""
        given = np.array([row for row in rows.tolist() if seeds[row] is not None], np.int64)
        for row in given.tolist():
            self._seeds[row] = seeds[row]
            self._streams.seed(np.array([row]), stream_seeds(seeding.np_random(seeds[row])[0]))
        self._seeded[given] = True
        fresh = rows[~self._seeded[rows]]
        if len(fresh):
            self._streams.seed(fresh, stream_seeds(self.np_random, len(fresh)))
            self._seeded[fresh] = True

    def _start(self, rows: NDArray[np.int64], solved: NDArray[np.bool_]) -> None:
        """Start a puzzle in the ``rows``, (K,) int64, whose last ones were ``solved``, (K,) bool, or not."""
        keys, numbers = self._streams.draw(rows)
        levels = last_levels(self._levels[rows], self.dynamics.steps[rows])
        try:
            puzzles, self._levels[rows] = next_puzzles(self.source, keys, numbers, levels, solved)
        except GenerationError as error:  # it names a key, which nobody gave
            row = rows[keys.tolist().index(error.seed)]
            raise GenerationError(self._seeds[row], f"sub-environment {row}: {error.reason}") from None
        self.dynamics.reset(rows, puzzles)

    def _show(self) -> None:
        if self.render_mode == "human" and self._started.all():
            self.render()

    def _observations(self) -> Observations:
        observation = self.dynamics.observation()
        return {name: values.copy() for name, values in observation.items()} if self.copy else observation

    def _infos(self) -> Arrays:
        infos = self.dynamics.info()
        masks = self.dynamics.masks()
        if masks is not None:
            infos["action_mask"] = masks
        if self.template.solution_in_info:
            infos["solution"] = self.dynamics.solution
        if adapts(self.source):
            infos["level"] = self._levels
        return infos


def _time_limit(steps: int | None) -> int | None:
    """Return a time limit as Gymnasium's single environments take it, where -1 says that there is none."""
    if steps is None or steps == -1:
        return None
    if not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ValueError(f"max_episode_steps: found {steps!r}, expected 1 or more, or -1 or None for no limit")
    return int(steps)
