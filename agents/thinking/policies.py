"""Policies over L, H and COMMIT, with Stable-Baselines3's ``predict``: what drives a thinking environment.

One interface for all of them and for what Stable-Baselines3 learns, and for single and vector observations:

    actions, state = policy.predict(observation, state, episode_start)

Observations may be of any kind (``agents.thinking.environment.observing``). N environments side by side have a state of
N rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.config.program import freeze
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent, as_agent
from agents.thinking.environment.mind import COMMIT, H, L
from agents.thinking.environment.observing import halting_probability, observed_rows

_ACTIONS = {"L": L, "H": H, "C": COMMIT}


class Policy(Protocol):
    """What can drive a thinking environment; models of Stable-Baselines3 can too."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int64], Any]:
        """Choose actions.

        Args:
            observation: of one environment, or of N.
            state: what the last call returned; None starts afresh.
            episode_start: (N,) bool, where a new episode begins.
            deterministic: for policies that also know a random way.

        Returns:
            An action, int64 of shape () or (N,), and the state for the next call.
        """


class Program:
    """Plays a string of letters again and again.

    Args:
        letters: "L", "H" and "C" for COMMIT; "-", a frozen update, is left out. A string without any "C" ends in one.

    Raises:
        ValueError: another letter, or an empty string.
    """

    def __init__(self, letters: str):
        played = letters.replace("-", "")
        if "C" not in played:
            played += "C"
        wrong = sorted(set(played) - set(_ACTIONS))
        if wrong or not letters:
            raise ValueError(f"program {letters!r}, expected letters 'L', 'H', '-' and 'C'")
        self.letters = played
        self._actions = np.array([_ACTIONS[letter] for letter in played], np.int64)

    @classmethod
    def of(cls, model: AIR | AIRAgent | str | Path, frozen: str = "", act_steps: int = 1) -> Program:
        """Return the canonical policy of a model: its program, then COMMIT, after every ACT step.

        Args:
            model: as ``as_agent`` takes it.
            frozen: "H" or "L" leaves z_H or z_L as it is; "" neither.
            act_steps: how many ACT steps it takes before each COMMIT.

        Raises:
            ValueError: another letter, or less than one ACT step.
        """
        agent = as_agent(model)
        program = agent.model.config.program
        return cls((freeze(program, frozen) if frozen else program) * agent.act_steps(act_steps))

    def predict(
        self,
        observation: Any,
        state: NDArray[np.int64] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Choose the next letter; the state is (N,) int64, the place in the string."""
        rows, batched = observed_rows(observation)
        place = _started(state, episode_start, np.zeros(rows, np.int64))
        actions = self._actions[place]
        return _as_asked(actions, batched), (place + 1) % len(self._actions)

    def __repr__(self) -> str:
        return f"Program({self.letters!r})"


class Halting:
    """Plays a program again and again, and commits after a pass once the halting head is sure enough.

    With the model's program this is the early stopping of ``air-envs eval --halt-at``; with one H-cycle of it the head
    is asked after every H-update.

    Args:
        program: "L" and "H".
        threshold: probability that the proposal is right above which it commits.
        passes: of the program, after which it commits anyway.

    Raises:
        ValueError: another letter, a threshold that is no probability, or less than one pass.
    """

    def __init__(self, program: str, threshold: float = 0.5, passes: int = 16):
        wrong = set(program) - {"L", "H"}
        if wrong or not program:
            raise ValueError(f"program {program!r}, expected letters 'L' and 'H'")
        if not 0 <= threshold <= 1:
            raise ValueError(f"halting threshold {threshold}, expected a probability")
        if passes < 1:
            raise ValueError(f"passes {passes}, expected at least 1")
        self.program = program
        self.threshold = threshold
        self.passes = passes
        self._actions = np.array([_ACTIONS[letter] for letter in program], np.int64)

    @classmethod
    def of(cls, model: AIR | AIRAgent | str | Path, threshold: float = 0.5) -> Halting:
        """Return the policy of a model's program and maximum of ACT steps."""
        config = as_agent(model).model.config
        return cls(config.program, threshold, config.max_steps)

    def predict(
        self,
        observation: Any,
        state: NDArray[np.int64] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Choose the next letter or COMMIT; the state is (N, 2) int64: updates made, and whether this pass was judged.

        A pass whose proposal was committed is not judged again: the next one begins.
        """
        rows, batched = observed_rows(observation)
        made, judged = _started(state, episode_start, np.zeros((rows, 2), np.int64)).T
        length = len(self._actions)
        ended = (made > 0) & (made % length == 0) & (judged == 0)
        sure = halting_probability(observation) > self.threshold
        commit = ended & (sure | (made >= self.passes * length))
        actions = np.where(commit, COMMIT, self._actions[made % length])
        return _as_asked(actions, batched), np.stack((made + ~commit, commit.astype(np.int64)), 1)

    def __repr__(self) -> str:
        return f"Halting({self.program!r}, {self.threshold}, {self.passes})"


class Random:
    """Chooses at random, whatever it observes.

    Args:
        probabilities: of L, H and COMMIT.
        seed: of its own generator.

    Raises:
        ValueError: they are no three probabilities that sum to 1.
    """

    def __init__(self, probabilities: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3), seed: int | None = None):
        odds = np.asarray(probabilities, np.float64)
        if odds.shape != (3,) or (odds < 0).any() or not np.isclose(odds.sum(), 1):
            raise ValueError(f"probabilities {probabilities}, expected three that sum to 1, of L, H and COMMIT")
        self.probabilities = odds / odds.sum()
        self._rng = np.random.default_rng(seed)

    def predict(
        self,
        observation: Any,
        state: None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int64], None]:
        """Draw actions; there is no state, and no deterministic way."""
        rows, batched = observed_rows(observation)
        return _as_asked(self._rng.choice(3, rows, p=self.probabilities), batched), None

    def __repr__(self) -> str:
        return f"Random({self.probabilities.tolist()})"


def _started(
    state: NDArray[np.int64] | None, episode_start: NDArray[np.bool_] | None, fresh: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a copy of the state, with the rows of new episodes fresh."""
    if state is None:
        return fresh
    if episode_start is None:
        return state.copy()
    starts = np.asarray(episode_start, np.bool_).reshape(-1, *[1] * (fresh.ndim - 1))
    return np.where(starts, fresh, state)


def _as_asked(actions: NDArray[np.int64], batched: bool) -> NDArray[np.int64]:
    return actions if batched else actions[0]
