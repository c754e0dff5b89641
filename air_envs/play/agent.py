"""``Player``: an agent at a game. It says with what probability it makes each move, and makes moves."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from air_envs import environment_id
from air_envs.drawing.probabilities import BARS, Bar, percent
from air_envs.drawing.scene import Scene
from air_envs.play.game import Game, counted
from air_envs.play.moves import moves_type
from air_envs.policies import MovePolicy
from air_envs.sources import PuzzleSource
from puzzles import PuzzleFamily, Puzzles

_CIRCLES = 3
"""How often a board that has one best move comes up until the agent counts as going in circles."""


@dataclass(frozen=True)
class Agent:
    """Who plays."""

    name: str
    """What it is called."""
    policy: Callable[[PuzzleFamily], MovePolicy]
    """Returns the policy for a family; raises ValueError for one that it cannot play."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of its environment that say what it observes and which moves are legal, such as ``action_mask``."""
    source: PuzzleSource | None = None
    """Of the puzzles that it is watched on by default."""
    max_moves: int | None = None
    """Time limit of its environment."""


class Made(NamedTuple):
    """A move that was made."""

    label: str
    probability: float
    right: bool


class Player:
    """An agent at one game. What it is asked is answered once for every board.

    Args:
        agent: who plays.
        game: that is played, by the agent or by a person.

    Raises:
        ValueError: no agent can play such a game, or this one cannot play the puzzle's family.
    """

    def __init__(self, agent: Agent, game: Game[Any]):
        moves = moves_type(game.family.kind)
        self.agent, self.game = agent, game
        self.policy = agent.policy(game.family)
        kind: dict[str, Any] = {"source": game.source, "action_type": moves.action_type}
        env: Any = gym.make(environment_id(game.family), disable_env_checker=True, **kind, **agent.environment)
        self._dynamics = env.unwrapped.new_dynamics(1)
        self.moves = moves(game, int(self._dynamics.action_space.n))
        self._rng = np.random.default_rng(game.seed)
        solution = game.info["solution"]
        self._puzzle = Puzzles(game.puzzle[None], solution[None], np.array([game.rating]))
        self._failed = False
        self._of, self._probabilities = -1, np.zeros(self.moves.actions, np.float32)
        self._met: Counter[bytes] = Counter()

    # -- what it would do -------------------------------------------------------------------------------------------

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(A,) float32: with what probability it takes each action; all 0 where none is legal, or once it is solved."""
        if self._of != self.game.changes:
            self._of = self.game.changes
            self._probabilities = self._ask()
        return self._probabilities

    @property
    def best(self) -> NDArray[np.int64]:
        """The most probable actions; several where they are equal, none where no action is legal."""
        found = self.probabilities
        return np.flatnonzero(found == found.max()) if found.any() else np.zeros(0, np.int64)

    def scene(self) -> Scene:
        """Return what the board shows, with the probabilities."""
        return dataclasses.replace(self.game.scene(), **self.moves.marks(self.probabilities))

    def bars(self) -> list[Bar]:
        """Return the most probable moves, at most four; where there are no more actions, all of them in order."""
        found, many = self.probabilities, self.moves.actions > BARS
        order = np.argsort(-found, kind="stable")[:BARS] if many else np.arange(len(found))
        best = set(self.best.tolist())
        return [
            Bar(self.moves.label(action), float(found[action]), action in best)
            for action in order.tolist()
            if found[action] or not many
        ]

    def ending(self, drawn: bool = False) -> str:
        """Return why it does not play on by itself, empty where it does.

        Args:
            drawn: whether its moves are drawn; the most probable ones may go in circles.
        """
        if self.game.solved:
            return "Solved"
        if not self.probabilities.any():
            return "No legal move is left"
        if self._failed:
            return "Its episode ends here: the board contradicts itself"
        if self.agent.max_moves is not None and len(self.game.notes) >= self.agent.max_moves:
            return f"Its time is over after {counted(self.agent.max_moves, 'move')}"
        if not drawn and len(self.best) == 1 and self._met[self._board()] >= _CIRCLES:
            return "It goes in circles"
        return ""

    def record(self) -> tuple[int, int]:
        """Return how many of its moves that led to this board were right, and how many there are."""
        made: list[Made] = self.game.notes
        return sum(move.right for move in made), len(made)

    # -- what it does -----------------------------------------------------------------------------------------------

    def move(self, drawn: bool = False) -> Made | None:
        """Make a move; return it, or None where none is legal.

        Args:
            drawn: by the probabilities; otherwise the most probable one, any of several that are equal.
        """
        found = self.probabilities.astype(np.float64)
        if not found.any():
            return None
        self._met[self._board()] += 1
        action = int(self._rng.choice(len(found), p=found / found.sum()) if drawn else self._rng.choice(self.best))
        made = Made(self.moves.label(action), float(found[action]), self.moves.is_right(action))
        self.moves.make(action)
        self.game.note(made)
        verdict = self.moves.right if made.right else self.moves.wrong
        self.game.message = f"{self.agent.name}: {made.label} with {percent(made.probability)}, {verdict}"
        return made

    # -- its environment --------------------------------------------------------------------------------------------

    def _ask(self) -> NDArray[np.float32]:
        """Bring its environment to the board, and ask the policy."""
        dynamics, row = self._dynamics, np.zeros(1, np.int64)
        dynamics.reset(row, self._puzzle)
        self._failed = False
        for action in self.moves.history():
            dynamics.step(np.array([action]))
            self._failed |= bool(dynamics.failed[0])  # digits are only added: a contradiction stays one
        mask = dynamics.masks().astype(np.bool_)
        if self.game.solved or not mask.any():
            return np.zeros(self.moves.actions, np.float32)
        observation = {name: values.copy() for name, values in dynamics.observation().items()}
        return self.policy.probabilities(observation, mask)[0]

    def _board(self) -> bytes:
        return b"".join(values.tobytes() for _, values in sorted(self._dynamics.observation().items()))
