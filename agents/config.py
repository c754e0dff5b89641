"""What a model and a training run are made of: plain dataclasses, so that ``--help`` needs no torch."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from agents.program import act_program

Position = Literal["rope", "learned", "structured"]


@dataclass(frozen=True)
class AIRConfig:
    """One AIR model: the shared Transformer f, the program of one ACT step and the injection (AIR paper, section 3)."""

    family: str = "sudoku-9x9"
    """Puzzle family and grid shape, KIND-ROWSxCOLUMNS: it fixes the sequence length and the vocabulary."""
    hidden: int = 512
    """Width of the hidden states z_L and z_H."""
    heads: int = 8
    """Attention heads."""
    layers: int = 4
    """Transformer blocks in f."""
    expansion: float = 4.0
    """SwiGLU inner width as a multiple of hidden, before the factor 2/3 and rounding up to a multiple of 256."""
    h_cycles: int = 2
    """H-cycles in one ACT step."""
    l_cycles: int = 2
    """L-updates before each H-update."""
    inject_l: float = 1.0
    """n_L: how many times the embedded puzzle is added to the input of an L-update."""
    inject_h: float = 0.0
    """n_H: the same for an H-update."""
    position: Position = "rope"
    """Position encoding: rotary (the paper), one learned vector per position, or one per row, column and box."""
    prefix: int = 1
    """Learned prefix vectors before the cells; the q head reads the first."""
    gradient: str = "LH"
    """The tail of the program that training differentiates: "LH" is the paper's rule, the whole program the longest."""
    q_continue: bool = True
    """Halt where q_halt > q_continue, the continue head trained against one more forward pass (the paper, HRM); False
    halts where q_halt > 0 (TRM)."""
    max_steps: int = 16
    """ACT steps per puzzle, at most in training and always in evaluation."""

    def __post_init__(self) -> None:
        _at_least(1, self, "hidden", "heads", "layers", "h_cycles", "l_cycles", "prefix", "max_steps")
        _at_least(0, self, "inject_l", "inject_h")
        if self.hidden % self.heads or (self.hidden // self.heads) % 2:
            raise ValueError(f"hidden {self.hidden}, expected an even multiple of heads {self.heads}")
        if self.expansion <= 0:
            raise ValueError(f"expansion {self.expansion}, expected more than 0")
        if self.position not in get_args(Position):
            raise ValueError(f"position {self.position!r}, expected one of {get_args(Position)}")
        if not self.gradient or not self.program.endswith(self.gradient):
            raise ValueError(f"gradient {self.gradient!r} is not a tail of the program {self.program!r}")

    @property
    def program(self) -> str:
        """One ACT step: ``"LLHLLH"`` for 2 H-cycles of 2 L-updates."""
        return act_program(self.h_cycles, self.l_cycles)

    @property
    def inner(self) -> int:
        """SwiGLU inner width."""
        return math.ceil(round(self.expansion * self.hidden * 2 / 3) / 256) * 256


@dataclass(frozen=True)
class TrainConfig:
    """One training run (AIR paper, training section; the defaults are the paper's)."""

    dataset: Path
    """HDF5 dataset; its train split is trained on, its test split measured."""
    output: Path
    """Folder of the run: checkpoint, metrics, curves."""
    model: AIRConfig = field(default_factory=AIRConfig)
    steps: int = 26_040
    """Optimizer steps; one is one ACT step over the batch."""
    batch: int = 768
    """Sequences per step; always full, a halted sequence is replaced in place."""
    optimizer: Literal["adam_atan2", "adamw"] = "adam_atan2"
    """adam_atan2 is the paper's (with sign-SGD for the prefix vector); adamw trains everything alike."""
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
    """Decay of an exponential moving average of the weights, which is then what is evaluated and saved."""
    loss: Literal["stablemax", "softmax"] = "stablemax"
    """Cross-entropy of the answer: stablemax in float64 is the paper's."""
    exploration: float = 0.1
    """Probability of holding halting off for a random minimum number of steps."""
    symmetry: bool = True
    """Draw a random symmetry copy of every puzzle, on the device."""
    device: str = "auto"
    """cpu, cuda, mps; auto takes the best there is."""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """Precision of the hidden states and matrix products; weights, norms and the optimizer stay in float32."""
    compile: bool = False
    """Compile the ACT step with torch.compile (needs a C++ compiler on the CPU); pays off after about a minute."""
    seed: int = 0
    """Seeds weights, batches, symmetries and halting."""
    log_every: int = 20
    """Steps between lines of metrics.jsonl."""
    eval_every: int = 1_000
    """Steps between evaluations on the test split; the last step is always evaluated."""
    eval_puzzles: int = 1_000
    """Test puzzles in each of them."""
    checkpoint_every: int = 1_000
    """Steps between checkpoints."""

    def __post_init__(self) -> None:
        _at_least(1, self, "steps", "batch", "log_every", "eval_every", "eval_puzzles", "checkpoint_every")
        _at_least(0, self, "lr", "weight_decay", "warmup", "seed")
        if not 0 <= self.exploration <= 1:
            raise ValueError(f"exploration {self.exploration}, expected a probability")
        if self.clip is not None and self.clip <= 0:
            raise ValueError(f"clip {self.clip}, expected a norm above 0")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ValueError(f"ema {self.ema}, expected a decay between 0 and 1")


def to_json(config: AIRConfig | TrainConfig) -> str:
    """Write a configuration as JSON, one field a line."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str) + "\n"


def train_config_from_json(text: str) -> TrainConfig:
    """Read back what ``to_json`` wrote of a ``TrainConfig``.

    Raises:
        ValueError: no JSON, or not the fields of one.
    """
    values: dict[str, Any] = json.loads(text)
    try:
        values["model"] = AIRConfig(**values["model"])
        values["dataset"], values["output"] = Path(values["dataset"]), Path(values["output"])
        return TrainConfig(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a training configuration: {error}") from error


def _at_least(least: int, config: AIRConfig | TrainConfig, *names: str) -> None:
    for name in names:
        if getattr(config, name) < least:
            raise ValueError(f"{name} {getattr(config, name)}, expected at least {least}")
