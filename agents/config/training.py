"""What a training run is made of: one plain dataclass, each field a flag of ``air-envs train``. Needs no torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agents.config.model import AIRConfig, stored_fields, to_json
from agents.config.reading import HIGHEST_LR, from_json, parse_json, require_between, require_finite
from puzzles.errors import check_seed

TRAIN_CONFIG = "train.json"
"""A run's configuration, in its folder."""
CHECKSUM = "checksum"
"""Field of that file: sha256 of the others, so that damage and edits are found."""
MAY_CHANGE = (
    "dataset",
    "also",
    "steps",
    "device",
    "compile",
    "log_every",
    "eval_every",
    "checkpoint_every",
    "checkpoint_minutes",
    "keep",
    "wandb",
)
"""What may differ when a run is resumed: nothing that the weights depend on, except for the number of steps. The paths
of datasets may change, their content and the batches of ``also`` may not."""

DataOrder = Literal["replacement", "epochs"]
LARGEST_BATCH = 1 << 20


@dataclass(frozen=True)
class TrainConfig:
    """One training run (AIR paper, training section; the defaults are the paper's)."""

    dataset: Path
    """HDF5 dataset. Its train split is trained on; its validation split decides which weights are kept. Without one, a
    tenth of the train rows is set aside, at most 1,000."""
    output: Path
    """Folder of the run: checkpoint, metrics, curves."""
    model: AIRConfig = field(default_factory=AIRConfig)
    also: tuple[tuple[Path, int], ...] = ()
    """Train on these datasets as well, a step on each in turn: pairs DATASET BATCH. They may have other grid shapes of
    the same kind that are compatible with the weights, see ``AIR.resized``. All are measured, and the best weights are
    those of the best mean."""
    init_from: str | None = None
    """Initialise from the weights of this model, a folder or a name such as "air_envs/maze-15x15"; None draws random
    ones. It may differ from ``model`` in program, halting, and attention inside units or to all. Without
    position-specific weights, it may also differ in grid shape."""
    steps: int = 26_040
    """Optimizer steps; one is one ACT step over the batch."""
    batch: int = 768
    """Sequences per step over all processes; always full, a halted sequence is replaced in place."""
    optimizer: Literal["adam_atan2", "adamw", "muon"] = "adam_atan2"
    """adam_atan2 is the paper's (with sign-SGD for the prefix vector); adamw trains everything alike; muon trains the
    matrices of f and of the operator, and adamw the rest (torch 2.9 or newer)."""
    lr: float = 1e-4
    """Learning rate after warm-up."""
    weight_decay: float = 1.0
    """Decoupled weight decay, multiplied by the learning rate."""
    warmup: int = 2_000
    """Steps of linear warm-up."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Learning rate after warm-up: constant (the paper), or a cosine down to zero at the last step."""
    clip: float | None = None
    """Clip the gradient's norm to this; None (the paper) does not."""
    ema: float | None = None
    """Decay of an exponential moving average of the weights. The average is what is evaluated and saved. The decay is
    smaller in the first steps, see ``ema_at``."""
    loss: Literal["stablemax", "softmax"] = "stablemax"
    """Cross-entropy of the answer: stablemax in float64 is the paper's."""
    loss_knee: float | None = None
    """Above this value a puzzle's answer loss grows as its logarithm; None (the papers) does not change it. Puzzles
    that a model cannot solve yet teach it to hedge, which degrades puzzles it could solve. With a knee, such as 0.2, it
    learns most from puzzles that it nearly solves, and can be trained on hard puzzles."""
    halting_weight: float = 0.5
    """Weight of the halting head's loss, 0.5 in the paper. The answer's loss is a mean over cells, so on a large grid
    of mostly easy cells it is small in comparison, and a smaller weight helps."""
    early_halting: bool = True
    """Replace a puzzle once the halting head predicts that it is solved, as in the papers. False gives each puzzle all
    its ACT steps. The model then learns to keep a solved puzzle solved, as evaluation requires."""
    exploration: float = 0.1
    """Probability that a puzzle halts only after a random minimum number of steps."""
    act_steps: int | None = None
    """ACT steps per puzzle, at most; None takes the model's max_steps. Evaluation always uses the model's."""
    random_act_steps: int | None = None
    """Give every puzzle its own limit of ACT steps, drawn between this number and the maximum; None gives each the
    maximum. Without early halting, random limits keep the rows of the batch at different steps. With a high lower
    limit, such as half the maximum, the last steps, which evaluation uses, are trained as often as most others."""
    symmetry: bool = True
    """Draw a random symmetry copy of every puzzle, on the device. Labels of maze copies are computed again: if there
    are several shortest paths, the copied label may not be the one that the rule chooses for the copy. Use False for
    mazes labelled with other paths than those of ``puzzles.maze.rules.first_paths``."""
    data_order: DataOrder = "replacement"
    """Draw puzzles with replacement, or in epochs that have every puzzle once, as the authors' loader does."""
    copies: int | None = None
    """Train on each puzzle and this many symmetry copies of it, the same in every run; 1000 is the authors' number.
    None draws a new copy each time. For families whose copies are drawn at random, such as Sudoku."""
    device: str = "auto"
    """cpu, cuda, mps; auto takes the best one available."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Precision of the hidden states and matrix products; weights, norms and the optimizer stay in float32. auto takes
    bfloat16 where the device multiplies it faster, else float32; on CUDA the products of float32 are TF32."""
    compile: Literal["off", "blocks", "default", "reduce-overhead", "max-autotune"] = "off"
    """Compile with torch.compile (needs a C++ compiler on the CPU): the Transformer blocks alone, in seconds, or the
    whole ACT step in one of its modes, in a minute or more; reduce-overhead replays CUDA graphs on CUDA, and
    max-autotune also tries out kernels."""
    float8: bool = False
    """Use float8 for the matrix products of f without a gradient: in the updates before the model's ``gradient``, and
    for the target of q_continue. For Ada, Hopper and later GPUs; the precision of evaluation does not change."""
    seed: int = 0
    """Seeds weights, batches, symmetries and halting."""
    log_every: int = 20
    """Steps between lines of metrics.jsonl."""
    eval_every: int = 1_000
    """Steps between evaluations on the validation split; the last step is always evaluated."""
    eval_puzzles: int = 1_000
    """Validation puzzles in each of them."""
    checkpoint_every: int = 1_000
    """Steps between checkpoints."""
    checkpoint_minutes: float | None = 15.0
    """Write a checkpoint after so many minutes of training too; None counts steps alone."""
    keep: int = 2
    """How many of the last checkpoints to keep, those of ``checkpoint_every`` before others; the best weights are kept
    separately."""
    wandb: str | None = None
    """Weights & Biases project to log to as well (needs the extra wandb)."""

    def __post_init__(self) -> None:
        require_finite(self)
        require_between(self, 1, LARGEST_BATCH, "batch")
        require_between(self, 1, 1_000_000_000, "steps", "log_every", "eval_every", "eval_puzzles", "checkpoint_every")
        require_between(self, 1, 1_000_000_000, "keep")
        require_between(self, 0, 1_000_000_000, "warmup")
        require_between(self, 0, HIGHEST_LR, "lr")
        require_between(self, 0, math.inf, "weight_decay", "halting_weight")
        check_seed(self.seed)
        if self.copies is not None:
            require_between(self, 1, 1_000_000_000, "copies")
            if not self.symmetry:
                raise ValueError(f"copies {self.copies} without symmetry, expected none")
        if not 0 <= self.exploration <= 1:
            raise ValueError(f"exploration {self.exploration}, expected a probability")
        if self.act_steps is not None and not 1 <= self.act_steps <= self.model.max_steps:
            raise ValueError(f"act_steps {self.act_steps}, expected 1 to the model's {self.model.max_steps}")
        if self.random_act_steps is not None and not 1 <= self.random_act_steps <= self.most_act_steps:
            raise ValueError(f"random_act_steps {self.random_act_steps}, expected 1 to {self.most_act_steps}")
        if self.loss_knee is not None and self.loss_knee <= 0:
            raise ValueError(f"loss_knee {self.loss_knee}, expected more than 0")
        if self.clip is not None and self.clip <= 0:
            raise ValueError(f"clip {self.clip}, expected a norm above 0")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ValueError(f"ema {self.ema}, expected a decay between 0 and 1")
        if self.checkpoint_minutes is not None and self.checkpoint_minutes <= 0:
            raise ValueError(f"checkpoint_minutes {self.checkpoint_minutes}, expected more than 0")
        for path, batch in self.also:
            if not 1 <= batch <= LARGEST_BATCH:
                wanted = "at least 1" if batch < 1 else f"at most {LARGEST_BATCH:,}"
                raise ValueError(f"also {path} with batch {batch}, expected {wanted}")
            if [other.stem for other, _ in self.also].count(path.stem) > 1:
                raise ValueError(f"also {path.stem} twice, expected different names")

    @property
    def datasets(self) -> tuple[Path, ...]:
        """All that it trains on, ``dataset`` first."""
        return self.dataset, *(path for path, _ in self.also)

    @property
    def most_act_steps(self) -> int:
        """ACT steps that a puzzle gets at most in training."""
        return self.act_steps or self.model.max_steps

    def lr_at(self, step: int) -> float:
        """Learning rate of ``step``, counted from 0: linear warm-up, then the schedule."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.lr
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def ema_at(self, step: int) -> float:
        """Decay of the average after ``step``, counted from 0.

        At most so much that the latter half of all steps has seven eighths of the weight: a short run would else end
        with an average of its initial values.

        Raises:
            ValueError: no average is kept.
        """
        if self.ema is None:
            raise ValueError("ema None, expected a decay")
        return min(self.ema, step / (step + 3))


VALIDATION = "validation"
"""The split that training measures, and what it is called in a run's metrics."""


def other_validation(dataset: Path) -> str:
    """Return what the validation split of one of the datasets in ``also`` is called in a run's metrics."""
    return f"{VALIDATION}-{dataset.stem}"


def train_config_from_json(text: str) -> TrainConfig:
    """Read back what ``agents.config.model.to_json`` or ``checked_json`` wrote of a ``TrainConfig``.

    Raises:
        ValueError: no JSON, or not the fields of one.
    """
    return parse_train_config(text.encode())[0]


def parse_train_config(data: bytes) -> tuple[TrainConfig, bool | None]:
    """Read a run's configuration, and whether its checksum is right; None where it has none.

    Raises:
        ValueError: no JSON, or not the fields of a ``TrainConfig``.
    """
    values = parse_json(data)
    checksum = values.pop(CHECKSUM, None) if isinstance(values, dict) else None
    checked = None if checksum is None else checksum == _checksum(values)
    if isinstance(values, dict) and values.get("growth") == []:
        del values["growth"]  # of earlier versions
    return train_config_of(values), checked


def train_config_of(values: Any) -> TrainConfig:
    """Return the configuration that stored values, by field, describe.

    Raises:
        ValueError: they are not the fields of a ``TrainConfig``.
    """
    if isinstance(values, dict) and "model" in values:
        values = values | {"model": stored_fields(values["model"])}
    return from_json(TrainConfig, values)


def checked_json(config: TrainConfig) -> str:
    """Return the content of ``TRAIN_CONFIG``: a configuration with its checksum, one field a line."""
    values = json_values(config)
    return json.dumps(values | {CHECKSUM: _checksum(values)}, indent=2) + "\n"


def json_values(config: TrainConfig) -> dict[str, Any]:
    """Return a configuration as values of JSON, by field."""
    values: dict[str, Any] = json.loads(to_json(config))
    return values


def read_train_config(run: Path, checked: bool = True) -> TrainConfig | None:
    """Read the configuration in the folder of a training run; None where there is none.

    Args:
        run: the folder.
        checked: compare with the checksum, where there is one.

    Raises:
        ValueError: a damaged or edited one; the message names its path.
    """
    path = run / TRAIN_CONFIG
    if not path.is_file():
        return None
    try:
        config, right = parse_train_config(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if checked and right is False:
        raise ValueError(f"{path}: edited or damaged, its checksum is another")
    return config


def differences(ours: Any, theirs: Any, prefix: str = "") -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two configurations of one class differ, with both values, by name: ``"model.layers"``.

    Args:
        ours, theirs: dataclasses, compared field by field, and so are those inside them.
        prefix: of the names.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for name in (each.name for each in dataclasses.fields(ours)):
        mine, other = getattr(ours, name), getattr(theirs, name)
        if dataclasses.is_dataclass(mine):
            found |= differences(mine, other, f"{prefix}{name}.")
        elif mine != other:
            found[prefix + name] = (mine, other)
    return found


def _checksum(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
