"""What a model is made of: a plain dataclass, so that ``--help`` needs no torch."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import puzzles
from agents.config.program import act_program
from agents.config.reading import from_json, require_between, require_finite
from agents.config.variants import variant_fields, variant_name

CONFIG = "config.json"
"""A model's configuration, in its folder."""
OPTIONS = "generator.json"
"""The options of the generator that made a model's training puzzles, there."""
EXPORTED = "model.json"
"""What a model exported for other runtimes is, in its folder."""
CARD = "README.md"
"""The model's card, there."""
FORMAT = 1
"""Of the checkpoint folders that this version writes; it reads all up to it."""
FORMAT_FIELD = "format"
"""In ``CONFIG``, with the fields of the model; folders older than manifests lack it."""

Operator = Literal["add", "subtract", "linear", "nonlinear", "hadamard"]
LevelToken = Literal["none", "addition", "prepend-strip", "prepend-persist"]
LevelTokenStart = Literal["zero", "normal"]
LevelTokenDtype = Literal["run", "float32"]
Mixer = Literal["attention", "units", "mlp", "candidates"]
Position = Literal["rope", "learned", "structured", "none"]


@dataclass(frozen=True)
class AIRConfig:
    """One model: the Transformer f, the program of one ACT step, the injection and its operator, the level tokens.

    The defaults are the AIR paper's; ``variant`` makes its other models, HRM and TRM.
    """

    family: str = "sudoku-9x9"
    """Puzzle family and grid shape, KIND-ROWSxCOLUMNS: it fixes the sequence length and the vocabulary."""
    hidden: int = 512
    """Width of the hidden states z_L and z_H."""
    heads: int = 8
    """Attention heads, where there is attention."""
    layers: int = 4
    """Transformer blocks in f."""
    h_layers: int = 0
    """Blocks in a network of their own, f_H, for the H-updates (HRM); 0 shares f between both levels."""
    expansion: float = 4.0
    """SwiGLU inner width as a multiple of hidden, before the factor 2/3 and rounding up to a multiple of 256. That of a
    block over candidates is the multiple of a candidate's channels itself."""
    h_cycles: int = 2
    """H-cycles in one ACT step."""
    l_cycles: int = 2
    """L-updates before each H-update."""
    inject_l: float = 1.0
    """n_L: how many times the embedded puzzle is added to the input of an L-update."""
    inject_h: float = 0.0
    """n_H: the same for an H-update."""
    operator: Operator = "add"
    """What is done with the embedded puzzle x: add x, subtract it, add W x, add tanh(W x), or multiply with it."""
    level_token: LevelToken = "none"
    """How f knows its level: not at all, by a vector added everywhere, or by a token before the sequence, stripped or
    kept."""
    level_token_start: LevelTokenStart = "zero"
    """What level tokens start from: zero, as in the authors' code, or a normal distribution of standard deviation 1."""
    level_token_dtype: LevelTokenDtype = "run"
    """What a level token is trained in: the run's dtype, as in the authors' code, or float32. A bfloat16 token that
    starts from zero stalls at 0.03 with the paper's optimizer; see docs/paper.md."""
    mixer: Mixer = "attention"
    """How positions are mixed in a block: attention; attention inside units, each head in one kind of them (not in the
    paper); a SwiGLU over the sequence (TRM's MLP); or a state per candidate, that is per cell and digit, mixed with the
    means over its cell, row, column and box, without attention (not in the paper; learns Sudoku fastest)."""
    convolution: int = 0
    """Side, an odd number, of a depthwise convolution over the grid inside the SwiGLU; 0 for none. Not in the paper;
    with it a model learns mazes in minutes on a CPU."""
    position: Position = "rope"
    """Position encoding: rotary (the paper), one learned vector per position, one per row, column and box, or none."""
    prefix: int = 1
    """Positions before the cells; the q head reads the first position of z_H."""
    prefix_learned: int = 1
    """How many of them hold a learned vector; the others are zero (15 of TRM's 16)."""
    gradient: str = "LH"
    """The tail of the program that training differentiates: "LH" is the paper's rule, the whole program the longest."""
    q_continue: bool = True
    """Halt where q_halt > q_continue, the continue head trained against one more forward pass (the paper, HRM); False
    halts where q_halt > 0 (TRM)."""
    max_steps: int = 16
    """ACT steps per puzzle, at most in training and always in evaluation."""

    def __post_init__(self) -> None:
        require_finite(self)
        require_between(self, 1, 16_384, "hidden", "heads")
        require_between(self, 1, 256, "layers", "h_cycles", "l_cycles")
        require_between(self, 1, 10_000, "max_steps")
        require_between(self, 0, 256, "h_layers")
        require_between(self, 0, 1_000, "inject_l", "inject_h")
        require_between(self, 0, 4_096, "prefix", "prefix_learned")
        if self.mixer != "candidates" and (self.hidden % self.heads or (self.hidden // self.heads) % 2):
            raise ValueError(f"hidden {self.hidden}, expected an even multiple of heads {self.heads}")
        if not 0 < self.expansion <= 64:
            wanted = "more than 0" if self.expansion <= 0 else "at most 64"
            raise ValueError(f"expansion {self.expansion}, expected {wanted}")
        if self.prefix_learned > self.prefix:
            raise ValueError(f"prefix_learned {self.prefix_learned}, expected at most the prefix {self.prefix}")
        if not 0 <= self.convolution < 256 or (self.convolution and self.convolution % 2 == 0):
            raise ValueError(f"convolution {self.convolution}, expected 0 or an odd number up to 255")
        for name, kind in _CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} {getattr(self, name)!r}, expected one of {get_args(kind)}")
        if self.mixer == "candidates":
            for name, fitting in _CANDIDATES.items():
                if getattr(self, name) not in fitting:
                    raise ValueError(f"mixer 'candidates' with {name} {getattr(self, name)!r}, expected {fitting[0]!r}")
        if self.operator == "hadamard" and self.inject_h:
            raise ValueError(f"inject_h {self.inject_h}, expected 0: hadamard multiplies in the L-update alone")
        if not self.gradient or not self.program.endswith(self.gradient):
            raise ValueError(f"gradient {self.gradient!r} is not a tail of the program {self.program!r}")

    @classmethod
    def variant(cls, name: str, **fields: Any) -> AIRConfig:
        """Return a model of the paper by name, such as ``"L2x_H2x+prepend-strip"``, ``"HRM"``, ``"TRM"``.

        Args:
            name: keys of ``agents.config.variants.VARIANTS``, joined by ``+``.
            fields: any others, or other values for those of the name.

        Raises:
            ValueError: an unknown name, or fields that do not fit together.
        """
        return cls(**variant_fields(name) | fields)

    def as_variant(self, name: str) -> AIRConfig:
        """Return this model turned into one of the paper's; the two networks of HRM are each as deep as its one.

        Args:
            name: as in ``variant``.

        Raises:
            ValueError: an unknown name, or its fields do not fit the others.
        """
        fields = variant_fields(name)
        if fields.get("h_layers"):
            fields |= {"layers": self.layers, "h_layers": self.layers}
        return dataclasses.replace(self, **fields)

    @property
    def variant_name(self) -> str:
        """The name of the paper's model that this is, by what sets it apart: ``"Lx_H"``, ``"L2x_H2x+addition"``."""
        return variant_name(vars(self))

    @property
    def program(self) -> str:
        """One ACT step: ``"LLHLLH"`` for 2 H-cycles of 2 L-updates."""
        return act_program(self.h_cycles, self.l_cycles)

    @property
    def attends(self) -> bool:
        """Whether positions are mixed by attention, all of them or inside units."""
        return self.mixer in ("attention", "units")

    @property
    def any_shape(self) -> bool:
        """Whether no weight belongs to one place of the grid, or to one symbol of a family that has them.

        Then the model plays other grid shapes of the same kind as well, see ``AIR.resized``.
        """
        symbols = puzzles.family(self.family).symbols
        placeless = self.mixer != "mlp" and self.position in ("rope", "none")
        return placeless and (self.mixer == "candidates" or not symbols)

    @property
    def first_cell(self) -> int:
        """Positions of a state before its first cell: the prefix, and a level token that persists."""
        return self.prefix + (self.level_token == "prepend-persist")


_CHOICES = {
    "operator": Operator,
    "level_token": LevelToken,
    "level_token_start": LevelTokenStart,
    "level_token_dtype": LevelTokenDtype,
    "mixer": Mixer,
    "position": Position,
}
# What models with level tokens were, before there was a choice.
_FORMER_TOKENS = {"level_token_start": "normal", "level_token_dtype": "float32"}
# What treats all digits and places alike.
_CANDIDATES: dict[str, tuple[Any, ...]] = {
    "position": ("none",),
    "convolution": (0,),
}


def swiglu_width(width: int, expansion: float) -> int:
    """Inner width of a SwiGLU over ``width`` channels: 2/3 of the expansion, rounded up to a multiple of 256."""
    return math.ceil(round(expansion * width * 2 / 3) / 256) * 256


def candidate_width(width: int, expansion: float) -> int:
    """Inner width of a block over candidates of ``width`` channels each."""
    return round(expansion * width)


def config_text(config: AIRConfig) -> str:
    """Return the content of ``CONFIG``."""
    return json.dumps({FORMAT_FIELD: FORMAT, **dataclasses.asdict(config)}, sort_keys=True, indent=2)


def config_of(values: Any) -> AIRConfig:
    """Return the model that ``CONFIG`` describes.

    Args:
        values: its content, parsed.

    Raises:
        ValueError: a format of a later version, an unknown field, or a value that a model can't have.
    """
    if isinstance(values, dict) and FORMAT_FIELD in values:
        require_format(values[FORMAT_FIELD])
        values = {name: value for name, value in values.items() if name != FORMAT_FIELD}
    return from_json(AIRConfig, stored_fields(values))


def stored_fields(values: Any) -> Any:
    """Return the fields of a stored model; what an earlier version did not store is what it did."""
    if isinstance(values, dict) and values.get("level_token", "none") != "none":
        return _FORMER_TOKENS | values
    return values


def require_format(number: Any) -> None:
    """Refuse the format of a later version, or what is no format.

    Raises:
        ValueError: it is.
    """
    if type(number) is not int or number < 1:
        raise ValueError(f"{FORMAT_FIELD} {number!r}, expected {FORMAT}")
    if number > FORMAT:
        raise ValueError(f"{FORMAT_FIELD} {number}, expected up to {FORMAT}: a later version of air-envs wrote it")


def to_json(config: Any) -> str:
    """Write a configuration, a dataclass, as JSON, one field a line."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str) + "\n"
