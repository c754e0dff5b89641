"""What a run of reinforcement learning is made of: one plain dataclass, each field a flag of ``air-envs train-rl``.

Needs no torch.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agents.config.model import to_json
from agents.config.reading import HIGHEST_LR, from_json, parse_json, require_between, require_finite, shown
from puzzles.errors import check_seed

if TYPE_CHECKING:
    from air_envs.curriculum import CurriculumPuzzles
    from puzzles.dataset import Dataset

RL_CONFIG = "rl.json"
"""A run's configuration, in its folder."""

Algorithm = Literal["ppo", "maskable_ppo", "dqn", "clone"]
Network = Literal["units", "neighbours", "convolution", "mlp", "air"]
UNSEEN_POOL = 1
"""The pool of generated puzzles that trained agents are watched on; training draws from pool 0, and evaluations
generate every puzzle from scratch."""
_OF_KIND = {
    "sudoku": ("size", "level", "clues", "clues_max", "action_mask", "end_on_contradiction"),
    "maze": ("rows", "columns", "generator", "min_path"),
}
"""Fields of ``TaskConfig`` that one kind of puzzle has alone."""
MAY_CHANGE = ("steps", "eval_every", "eval_puzzles", "checkpoint_every", "log_every", "device")
"""What may be another when a run is resumed."""
_PPO = ("ppo", "maskable_ppo")
USED_BY: dict[str, dict[str, tuple[str, ...]]] = {
    "algorithm": {
        **dict.fromkeys(("gae_lambda", "entropy", "clip", "value_weight"), _PPO),
        **dict.fromkeys(
            ("buffer", "learning_starts", "exploration", "exploration_fraction", "target_every", "gradient_steps"),
            ("dqn",),
        ),
        "epochs": (*_PPO, "clone"),
        "gamma": (*_PPO, "dqn"),
    },
    "policy": {
        **dict.fromkeys(("hidden", "layers"), ("units", "neighbours", "convolution", "mlp")),
        "act_steps": ("air",),
    },
}
"""Fields of ``RLConfig`` that have no effect with other algorithms, or other policies, than these."""


@dataclass(frozen=True)
class TaskConfig:
    """Which environment is learned. What is None takes the environment's default."""

    id: str = "air_envs/Sudoku-v0"
    """Of the environment."""
    size: int | None = None
    """Side of a Sudoku."""
    rows: int | None = None
    """Of a maze."""
    columns: int | None = None
    """Of a maze."""
    level: Literal["easy", "medium", "hard", "expert", "extreme"] | None = None
    """Of generated 9x9 Sudokus."""
    clues: int | None = None
    """Of a generated Sudoku; with ``clues_max`` the fewest."""
    clues_max: int | None = None
    """Of a generated Sudoku, at most: the number is drawn from ``clues`` to it."""
    generator: Literal["perfect", "braided", "percolation"] | None = None
    """Of mazes."""
    min_path: int | None = None
    """Moves of a generated maze's shortest path, at least."""
    dataset: Path | None = None
    """HDF5 dataset: its train split is trained on, its validation split is evaluated on, and its test split is left for
    the end. Without a validation split, a tenth of the train rows is set aside, at most 1,000. None generates
    puzzles."""
    curriculum: tuple[int, ...] | None = None
    """Train on a curriculum of the dataset's puzzles: highest rating of each level but the last, ascending. The next
    level is reached when 80 % of the last 200 puzzles of one are solved, see ``air_envs.CurriculumPuzzles``."""
    reward: Literal["sparse", "dense", "shaped", "conflict"] = "dense"
    """Reward, see ``air_envs.rewards``."""
    action_mask: Literal["rule", "candidates"] | None = None
    """Which placements a Sudoku's mask allows."""
    end_on_contradiction: bool = False
    """Whether a Sudoku ends at the first contradiction."""
    max_episode_steps: int | None = None
    """Time limit of an episode."""

    def __post_init__(self) -> None:
        if self.curriculum == ():
            raise ValueError("curriculum without a rating, expected the highest of each level but the last")
        if self.curriculum is not None and self.dataset is None:
            raise ValueError("curriculum without dataset, expected one whose puzzles have ratings")

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ``gymnasium.make`` and ``make_vec`` that train on this task without a curriculum."""
        others = ("id", "curriculum")
        values = {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name not in others}
        found = {name: value for name, value in values.items() if value is not None and value is not False}
        return found | ({"dataset": self._open()} if self.dataset is not None else {})

    def checksum(self) -> str | None:
        """Return the checksum of the dataset's content; None without a dataset.

        Raises:
            DatasetError: a damaged dataset.
        """
        from puzzles.dataset import Dataset

        return None if self.dataset is None else Dataset(self.dataset).attributes["checksum"]

    def make_curriculum(self) -> CurriculumPuzzles | None:
        """Return the puzzles of the curriculum, at its first level; None without one.

        Raises:
            ValueError: bounds that do not ascend, or a level without puzzles.
            DatasetError: a damaged dataset.
        """
        if self.curriculum is None or self.dataset is None:
            return None
        from air_envs.curriculum import CurriculumPuzzles

        return CurriculumPuzzles.by_rating(self._open(), self.curriculum)

    def unseen(self) -> dict[str, Any]:
        """Return the arguments of an environment with other puzzles: of another pool, or of the test split."""
        return self.arguments() | ({"pool": UNSEEN_POOL} if self.dataset is None else {"split": "test"})

    def _open(self) -> Dataset:
        """Open the dataset, with a validation split."""
        from puzzles.dataset import Dataset, with_validation

        assert self.dataset is not None
        return with_validation(Dataset(self.dataset))


@dataclass(frozen=True)
class RLConfig:
    """One run of reinforcement learning, or of imitation."""

    output: Path
    """Folder of the run: model, checkpoint, metrics, curves."""
    task: TaskConfig = field(default_factory=TaskConfig)
    algorithm: Algorithm = "maskable_ppo"
    """ppo, maskable_ppo and dqn are those of Stable-Baselines3; the network of dqn leaves illegal actions out, and so
    does its exploration. clone imitates an expert that knows the solution: the loss is -log of the total probability of
    all moves that are right."""
    policy: Network = "units"
    """Network: units mixes a Sudoku's candidates over cell, row, column and box; neighbours passes messages between a
    maze's open cells; convolution is residual, of 3x3 cells; mlp is Stable-Baselines3's own; air is a supervised AIR
    model, whose logits are the policy's."""
    hidden: int = 24
    """Channels per candidate or cell, or units per layer of mlp."""
    layers: int = 3
    """Layers; with neighbours, how often the one layer is repeated."""
    init_from: str | None = None
    """Initialise from the weights of this run of the same network and algorithm, where ppo and clone count as
    maskable_ppo; with policy air, of this AIR model, a folder or a name such as "sudoku-6x6-minimal"."""
    freeze: bool = False
    """With policy air, train the heads alone."""
    act_steps: int | None = None
    """With policy air, ACT steps before each move; None takes the model's maximum, which is slow."""
    steps: int = 1_000_000
    """Environment steps, over all environments together."""
    num_envs: int = 256
    """Environments side by side."""
    n_steps: int = 16
    """Steps in each environment between updates."""
    batch: int = 1024
    """Boards per gradient step."""
    epochs: int = 2
    """Passes over the steps of an update; not for dqn."""
    lr: float = 1e-3
    """Learning rate."""
    lr_schedule: Literal["constant", "linear"] = "linear"
    """Learning rate over the run: constant, or linear down to zero at the last step; an update takes that of its first
    step."""
    gamma: float = 0.99
    """Discount; not for clone."""
    gae_lambda: float = 0.95
    """Of generalised advantage estimation; for ppo and maskable_ppo."""
    entropy: float = 0.0
    """Weight of the entropy bonus; for ppo and maskable_ppo."""
    clip: float = 0.2
    """Range in which the probability ratio may change the loss; for ppo and maskable_ppo."""
    value_weight: float = 0.5
    """Weight of the value loss; for ppo and maskable_ppo."""
    clip_norm: float = 0.5
    """Clip the gradient's norm to this."""
    buffer: int = 100_000
    """Transitions that dqn replays."""
    learning_starts: int = 5_000
    """Environment steps before dqn's first gradient step."""
    exploration: float = 0.05
    """Probability of a random move at the end of dqn's exploration, which starts at 1."""
    exploration_fraction: float = 0.3
    """Part of the steps over which dqn's exploration falls."""
    target_every: int = 5_000
    """Environment steps between copies to dqn's target network."""
    gradient_steps: int = 4
    """Gradient steps of dqn for n_steps steps of all environments."""
    seed: int = 0
    """Seeds weights, puzzles and moves."""
    device: str = "cpu"
    """cpu, cuda, mps; auto takes the best there is."""
    log_every: int = 20_000
    """Environment steps between lines of metrics.jsonl."""
    eval_every: int = 200_000
    """Environment steps between evaluations on unseen puzzles; the end of the run is always evaluated."""
    eval_puzzles: int = 500
    """Unseen puzzles in each of them, played by the most probable moves."""
    checkpoint_every: int = 100_000
    """Environment steps between checkpoints. Each starts new episodes, so that a resumed run goes on bit for bit."""

    def __post_init__(self) -> None:
        require_finite(self)
        require_between(self, 1, 10**12, "steps", "log_every", "eval_every", "eval_puzzles", "checkpoint_every")
        require_between(self, 1, 1 << 16, "num_envs", "n_steps", "epochs", "hidden", "layers")
        if self.act_steps is not None:
            require_between(self, 1, 1 << 16, "act_steps")
        require_between(self, 1, 1 << 24, "batch", "buffer", "target_every", "gradient_steps")
        require_between(self, 0, 10**12, "learning_starts")
        require_between(self, 0, HIGHEST_LR, "lr")
        require_between(self, 0, math.inf, "entropy", "clip", "value_weight", "clip_norm")
        for name in ("gamma", "gae_lambda", "exploration", "exploration_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)}, expected 0 to 1")
        check_seed(self.seed)
        if self.policy == "air" and self.init_from is None:
            raise ValueError("policy air without init_from, expected an AIR model to start from")
        if self.freeze and self.policy != "air":
            raise ValueError(f"freeze with policy {self.policy}, expected air")
        if self.batch > self.rollout and self.algorithm != "dqn":
            raise ValueError(f"batch {self.batch}, expected at most num_envs * n_steps, {self.rollout}")
        if self.algorithm in _PPO and (self.batch == 1 or self.rollout % self.batch == 1):
            of = f"batch {self.batch} of num_envs * n_steps, {self.rollout}"
            raise ValueError(f"{of}, makes a gradient step of one board, expected 2 or more in each")

    @property
    def rollout(self) -> int:
        """Environment steps between updates."""
        return self.num_envs * self.n_steps

    def make_envs(self, num_envs: int | None = None, unseen: bool = False, **arguments: Any) -> Any:
        """Make the native vector environment of the task, which resets in the step that ends.

        Args:
            num_envs: how many side by side, by default as in training.
            unseen: with other puzzles than those of training.
            arguments: others of ``gymnasium.make_vec``, such as ``render_mode``; a ``source`` replaces the dataset.

        Raises:
            ValueError: no such environment, or a field of ``task`` that it has not.
        """
        import gymnasium as gym

        from air_envs import ENVIRONMENTS

        if self.task.id not in ENVIRONMENTS:
            raise ValueError(f"task.id {shown(self.task.id)}, expected one of {', '.join(ENVIRONMENTS)}")
        task = self.task.unseen() if unseen else self.task.arguments()
        kind = ENVIRONMENTS[self.task.id].kind
        for name in task.keys() & {name for other, names in _OF_KIND.items() if other != kind for name in names}:
            raise ValueError(f"task.{name} {shown(task[name])} with {self.task.id}, expected none")
        if arguments.get("source") is not None:
            task.pop("dataset", None)
        options = {"autoreset_mode": "SameStep"} | task | arguments
        return gym.make_vec(self.task.id, num_envs=self.num_envs if num_envs is None else num_envs, **options)


def read_rl_config(run: Path) -> RLConfig:
    """Read the configuration in the folder of a run.

    Raises:
        FileNotFoundError: it has none.
        ValueError: a damaged one; the message names its path.
    """
    path = run / RL_CONFIG
    try:
        return parse_rl_config(path.read_bytes(), run)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def parse_rl_config(data: bytes, run: Path) -> RLConfig:
    """Return what ``rl_config_json`` wrote, of a run whose folder is now ``run``.

    Raises:
        TypeError, ValueError: something else.
    """
    values = parse_json(data)
    if isinstance(values, dict):
        values["output"] = str(run)
    return from_json(RLConfig, values)


def rl_config_json(config: RLConfig) -> str:
    """Return the content of ``RL_CONFIG``, one field a line."""
    return to_json(config)
