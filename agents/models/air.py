"""AIR and its variants, HRM and TRM: recurrent Transformers of two states (AIR paper, section 3; HRM; TRM).

    L-update:  z_L <- f(z_L + z_H + n_L * x)
    H-update:  z_H <- f(z_H + z_L + n_H * x)

x is the embedded puzzle. An ``AIRConfig`` chooses n_L and n_H, what else is done with x (``Operator``), whether f is
given its level (``level_tokens``), and whether f is one network or two.

Shapes: B batch, C cells, S = ``config.first_cell`` + C positions, D hidden, V vocabulary; W width of a slot: D, but for
candidates, which have a slot per symbol (``agents.models.slots``).
"""

# No `from __future__ import annotations` here: the hub mixin reads the type of `config` off the signature.
import dataclasses
import math
import re
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig
from agents.models.blocks import build_block
from agents.models.layers import Linear, truncated_normal
from agents.models.operators import OPERATORS
from agents.models.positions import position_encoding
from agents.models.slots import slots

_POSITION_SPECIFIC = re.compile(r"^position\.|\.mixer\.mlp\.")
"""Names of position-specific weights: learned positions, and a SwiGLU over the sequence."""


class State(NamedTuple):
    """The two recurrent states, each (B, S, D) in the compute dtype."""

    z_H: Tensor
    z_L: Tensor

    def detach(self) -> "State":
        """Return the same states, cut from the graph."""
        return State(self.z_H.detach(), self.z_L.detach())

    def restart(self, where: Tensor, fresh: "State") -> "State":
        """Return the same states with those of ``fresh`` in the rows that the (B,) bool mask ``where`` names."""
        mask = where[:, None, None]
        return State(torch.where(mask, fresh.z_H, self.z_H), torch.where(mask, fresh.z_L, self.z_L))


class Output(NamedTuple):
    """What one ACT step says."""

    logits: Tensor
    """(B, C, V): the answer, lm_head(z_H) at the cell positions."""
    q_halt: Tensor
    """(B,) float32: logit of "the whole grid is right, halt"."""
    q_continue: Tensor
    """(B,) float32: logit of the value of thinking on."""


class AIR(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="air-envs",
    tags=["reasoning", "recurrent-transformer"],
    license="apache-2.0",
    paper_url="https://arxiv.org/abs/2605.17811",
):
    """The model of one ``AIRConfig``. Weights are float32, but level tokens as ``store_level_tokens`` says; the states'
    dtype is the compute dtype.

    ``AIR.from_pretrained``, the hub mixin's, neither compares the files with their manifest nor reads compressed
    weights: load a model with ``AIRAgent.from_pretrained(name).model``, which does both.

    Attributes:
        f: the blocks of the shared Transformer, or of f_L where ``config.h_layers`` gives the H-updates their own.
        f_H: those of f_H, or none.
        slots: how the channels of a position are laid out.
        level_tokens: (2, W), one for H and one for L, or None. "addition" adds it to every position of f's input;
            "prepend-strip" puts it before f's input and takes that position off f's output; "prepend-persist" makes it
            position 0 of the initial state, and x is 0 there. None is scaled by sqrt(W), unlike the puzzle.
        H_init: (W,), where z_H starts at every other position. Fixed, not trained.
        L_init: (W,), the same for z_L.
    """

    H_init: Tensor
    L_init: Tensor

    def __init__(self, config: AIRConfig):
        super().__init__()
        self.config = config
        family = puzzles.family(config.family)
        self.slots = slots(config, family)
        width = self.slots.width
        self.cells = family.rows * family.columns
        self.positions = config.first_cell + self.cells
        attended = self.positions + (config.level_token == "prepend-strip")

        self.embedding = nn.Parameter(truncated_normal(self.slots.words, width, std=width**-0.5))
        self.prefix = nn.Parameter(torch.zeros(config.prefix_learned, width))
        self.position = position_encoding(config, family, attended)
        self.operator = OPERATORS[config.operator](width)
        self.level_tokens = nn.Parameter(_first_tokens(config, width)) if config.level_token != "none" else None
        self.f = nn.ModuleList(build_block(config, family, attended) for _ in range(config.layers))
        self.f_H = nn.ModuleList(build_block(config, family, attended) for _ in range(config.h_layers))
        self.lm_head = Linear(width, self.slots.answers)
        self.q_head = nn.Linear(width, 2)
        nn.init.zeros_(self.q_head.weight)
        nn.init.constant_(self.q_head.bias, -5.0)
        self.register_buffer("H_init", truncated_normal(width))
        self.register_buffer("L_init", truncated_normal(width))

    @classmethod
    def _from_pretrained(cls, **options: Any) -> "AIR":
        """Load strictly: by default the mixin would leave a missing weight at its random start."""
        return super()._from_pretrained(**options | {"strict": True})

    def resized(self, family: str, tied: bool = False) -> "AIR":
        """Return a model of the same weights for another grid shape of the same kind: ``"maze-30x30"``.

        No weight is trained again, so none may be position-specific: attention and convolutions, with
        rotary positions or none, fit any shape. Those of candidates belong to no symbol either: a Sudoku of another
        side gets as many slots as it has digits.

        Args:
            family: to play.
            tied: share the weights with this model, so that what trains one trains the other; else they are copied.

        Raises:
            ValueError: another kind of puzzle, or weights that don't fit; the message names them.
        """
        here, there = puzzles.family(self.config.family), puzzles.family(family)
        if there.kind != here.kind:
            raise ValueError(f"family {family}, expected another shape of {here.name}")
        hidden = self.slots.width * (there.symbols if self.config.mixer == "candidates" else 1)
        model = AIR(dataclasses.replace(self.config, family=family, hidden=hidden)).to(self.H_init.device)
        fresh, weights = model.state_dict(), self.state_dict(keep_vars=tied)
        unfit = [
            name
            for name, weight in weights.items()
            if weight.shape != fresh[name].shape or (there.shape != here.shape and _POSITION_SPECIFIC.search(name))
        ]
        if unfit:
            raise ValueError(f"family {family}: these weights fit {here.name} alone: {', '.join(unfit)}")
        model.load_state_dict(weights, assign=tied)
        return model

    def store_level_tokens(self, dtype: torch.dtype) -> None:
        """Store level tokens, which a run of this dtype trains, in it, unless the configuration says float32."""
        if self.level_tokens is not None and self.config.level_token_dtype == "run":
            self.level_tokens = nn.Parameter(self.level_tokens.detach().to(dtype))

    def initial_state(self, batch: int, dtype: torch.dtype = torch.float32) -> State:
        """Return the states every puzzle starts from: (batch, S, D) each."""
        shape = batch, self.config.prefix + self.cells, self.config.hidden
        z_H, z_L = (self.slots.spread(z).to(dtype).expand(shape) for z in (self.H_init, self.L_init))
        if self.config.level_token == "prepend-persist":
            z_H, z_L = (torch.cat((self._level_token(letter, z), z), dim=1) for letter, z in (("H", z_H), ("L", z_L)))
        return State(z_H, z_L)

    def embed(self, tokens: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Embed a puzzle once, ready for injection: (B, C) integer tokens to x, (B, S, D) in the compute dtype."""
        config = self.config
        prefix = F.pad(self.slots.spread(self.prefix), (0, 0, 0, config.prefix - config.prefix_learned))
        cells = F.embedding(tokens.int(), self.slots.table(self.embedding))
        x = torch.cat((prefix.expand(tokens.shape[0], -1, -1), cells), dim=1) * math.sqrt(self.slots.width)
        x = self.position.add(x).to(dtype)
        x = self.operator.prepare(self.slots.split(x)).reshape(x.shape)
        return F.pad(x, (0, 0, config.first_cell - config.prefix, 0))

    def update(self, letter: str, state: State, x: Tensor) -> State:
        """Run one update of the program: ``"L"``, ``"H"``, or ``"-"`` for none.

        Raises:
            ValueError: another letter.
        """
        z_H, z_L = state
        if letter == "L":
            return State(z_H, self._f(letter, self.operator.inject(z_L, z_H, self.config.inject_l, x)))
        if letter == "H":
            return State(self._f(letter, self.operator.inject(z_H, z_L, self.config.inject_h, x)), z_L)
        if letter != "-":
            raise ValueError(f"update {letter!r}, expected 'L', 'H' or '-'")
        return state

    def run(self, program: str, state: State, x: Tensor) -> State:
        """Run a program: one update per letter."""
        for letter in program:
            state = self.update(letter, state, x)
        return state

    def forward(self, tokens: Tensor, state: State) -> tuple[State, Output]:
        """Take one ACT step, differentiating the tail ``config.gradient`` of the program only.

        Args:
            tokens: (B, C) integers, the puzzle.
            state: the states of the previous ACT step, or ``initial_state``; their dtype is the compute dtype.

        Returns:
            The new states, detached, and the answer.
        """
        x = self.embed(tokens, state.z_H.dtype)
        program, tail = self.config.program, self.config.gradient
        with torch.no_grad():
            state = self.run(program[: len(program) - len(tail)], state, x)
        state = self.run(tail, state, x)
        return state.detach(), self.read(state)

    def read(self, state: State) -> Output:
        """Read the answer and the halting logits off z_H."""
        return Output(self.decode(state.z_H), *self.halting_logits(state))

    def halting_logits(self, state: State) -> tuple[Tensor, Tensor]:
        """Read q_halt and q_continue, (B,) float32 each, off the first position of z_H."""
        q = self.q_head(self.slots.mean(state.z_H[:, 0]).to(self.q_head.weight.dtype))
        return q[:, 0], q[:, 1]

    def decode(self, z: Tensor) -> Tensor:
        """Decode a state, z_H or z_L, to logits over tokens at the cells: (B, S, D) to (B, C, V)."""
        return self.slots.logits(self.lm_head(self.slots.split(z[:, self.config.first_cell :])))

    def _f(self, letter: str, h: Tensor) -> Tensor:
        """Run the level's network over an update's input, with the level's token: (B, S, D) to the same."""
        mode = self.config.level_token
        if mode == "addition":
            h = h + self._level_token(letter, h)
        elif mode == "prepend-strip":
            h = torch.cat((self._level_token(letter, h), h), dim=1)
        for block in self.f_H if letter == "H" and self.config.h_layers else self.f:
            h = block(h, self.position)
        return h[:, 1:] if mode == "prepend-strip" else h

    def _level_token(self, letter: str, h: Tensor) -> Tensor:
        """(B, 1, D) in the dtype of ``h``."""
        assert self.level_tokens is not None
        return self.slots.spread(self.level_tokens["HL".index(letter)]).to(h.dtype).expand(h.shape[0], 1, -1)


def _first_tokens(config: AIRConfig, width: int) -> Tensor:
    """(2, width): what level tokens start from."""
    return torch.zeros(2, width) if config.level_token_start == "zero" else truncated_normal(2, width)
