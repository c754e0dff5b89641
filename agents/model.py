"""AIR: one Transformer f, two recurrent states, the puzzle injected into L-updates only (AIR paper, section 3).

    L-update:  z_L <- f(z_L + z_H + n_L * x)
    H-update:  z_H <- f(z_H + z_L + n_H * x)

Shapes: B batch, C cells, S = prefix + C positions, D hidden, V vocabulary.
"""

# No `from __future__ import annotations` here: the hub mixin reads the type of `config` off the signature.
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

import puzzles
from agents.config import AIRConfig

# Below this length a plain softmax beats the fused kernel on a CPU (0.5 against 1.8 ms at 17 positions).
SHORT_SEQUENCE = 128


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
    paper_url="https://arxiv.org/abs/2605.17811",
    license="apache-2.0",
    tags=["reasoning", "recurrent-transformer"],
):
    """The model of one ``AIRConfig``. Weights are float32; the states' dtype is the compute dtype."""

    # Fixed, not trained: where z_H and z_L start.
    H_init: Tensor
    L_init: Tensor

    def __init__(self, config: AIRConfig):
        super().__init__()
        self.config = config
        family = puzzles.family(config.family)
        cells, vocabulary, width = family.rows * family.columns, family.vocabulary_size, config.hidden

        self.embedding = nn.Parameter(truncated_normal(vocabulary, width, std=width**-0.5))
        self.prefix = nn.Parameter(torch.zeros(config.prefix, width))
        self.position = _position(config, family)
        self.f = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.lm_head = Linear(width, vocabulary)
        self.q_head = nn.Linear(width, 2)
        nn.init.zeros_(self.q_head.weight)
        nn.init.constant_(self.q_head.bias, -5.0)
        self.register_buffer("H_init", truncated_normal(width))
        self.register_buffer("L_init", truncated_normal(width))
        self.positions = config.prefix + cells

    def initial_state(self, batch: int, dtype: torch.dtype = torch.float32) -> State:
        """Return the states every puzzle starts from: (batch, S, D) each."""
        shape = batch, self.positions, self.config.hidden
        return State(self.H_init.to(dtype).expand(shape), self.L_init.to(dtype).expand(shape))

    def embed(self, tokens: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Embed a puzzle once: (B, C) integer tokens to x, (B, S, D) in the compute dtype."""
        cells = F.embedding(tokens.int(), self.embedding)
        x = torch.cat((self.prefix.expand(len(tokens), -1, -1), cells), dim=1) * math.sqrt(self.config.hidden)
        return self.position.add(x).to(dtype)

    def update(self, letter: str, state: State, x: Tensor) -> State:
        """Run one update of the program: ``"L"``, ``"H"``, or ``"-"`` for none."""
        if letter == "L":
            return State(state.z_H, self._f(inject(state.z_L + state.z_H, self.config.inject_l, x)))
        if letter == "H":
            return State(self._f(inject(state.z_H + state.z_L, self.config.inject_h, x)), state.z_L)
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
        q = self.q_head(state.z_H[:, 0].float())
        return q[:, 0], q[:, 1]

    def decode(self, z: Tensor) -> Tensor:
        """Decode a state, z_H or z_L, to logits over tokens at the cells: (B, S, D) to (B, C, V)."""
        return self.lm_head(z[:, self.config.prefix :])

    def _f(self, h: Tensor) -> Tensor:
        for block in self.f:
            h = block(h, self.position)
        return h


def inject(z: Tensor, times: float, x: Tensor) -> Tensor:
    """Add the embedded puzzle to an update's input ``times`` times; 0 costs nothing."""
    return z if times == 0 else z + x if times == 1 else z + times * x


class Block(nn.Module):
    """A post-norm Transformer block: h = rms(h + attention(h)); h = rms(h + swiglu(h))."""

    def __init__(self, config: AIRConfig):
        super().__init__()
        self.heads = config.heads
        self.qkv = Linear(config.hidden, 3 * config.hidden)
        self.out = Linear(config.hidden, config.hidden)
        self.gate_up = Linear(config.hidden, 2 * config.inner)
        self.down = Linear(config.inner, config.hidden)

    def forward(self, h: Tensor, position: "Position") -> Tensor:
        """(B, S, D) to the same."""
        h = rms_norm(h + self.attention(h, position))
        gate, up = self.gate_up(h).chunk(2, dim=-1)
        return rms_norm(h + self.down(F.silu(gate) * up))

    def attention(self, h: Tensor, position: "Position") -> Tensor:
        """Let every position attend to every other: (B, S, D) to the same."""
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = attend(position.rotate(q), position.rotate(k), v)
        return self.out(attended.transpose(1, 2).flatten(-2))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of (B, heads, S, D / heads) tensors, by whichever way is fastest for the device and length."""
    if q.device.type != "cpu" or q.shape[-2] > SHORT_SEQUENCE:
        return F.scaled_dot_product_attention(q, k, v)
    return attention_weights(q, k) @ v


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """(B, heads, S, S) softmax attention maps: row i is what position i attends to."""
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(-1)


def rms_norm(h: Tensor) -> Tensor:
    """Normalise the last axis to root mean square 1, in float32 inside, without a gain."""
    return F.rms_norm(h, h.shape[-1:], eps=1e-5)


class Linear(nn.Module):
    """A product without bias, its float32 weight cast to the input's dtype; truncated normal of std 1/sqrt(fan_in)."""

    def __init__(self, fan_in: int, fan_out: int):
        super().__init__()
        self.weight = nn.Parameter(truncated_normal(fan_out, fan_in, std=fan_in**-0.5))

    def forward(self, h: Tensor) -> Tensor:
        """(..., fan_in) to (..., fan_out)."""
        return F.linear(h, self.weight.to(h.dtype))


class Position(nn.Module):
    """A position encoding: something added to the embedded puzzle, or a rotation of queries and keys."""

    def add(self, x: Tensor) -> Tensor:
        """Add to the embedded puzzle: (B, S, D) float32 to the same."""
        return x

    def rotate(self, q: Tensor) -> Tensor:
        """Rotate queries or keys: (B, heads, S, D / heads) to the same."""
        return q


class RotaryPosition(Position):
    """RoPE over the flattened sequence, theta 10,000 (the paper)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, positions: int, head_width: int, theta: float = 10_000.0):
        super().__init__()
        frequency = theta ** (-torch.arange(0, head_width, 2) / head_width)
        angle = torch.outer(torch.arange(positions), frequency).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def rotate(self, q: Tensor) -> Tensor:
        """Rotate each pair (i, i + half) of a head by the position's angle."""
        left, right = q.chunk(2, dim=-1)
        turned = torch.cat((-right, left), dim=-1)
        return q * self.cos.to(q.dtype) + turned * self.sin.to(q.dtype)


class LearnedPosition(Position):
    """Vectors learned per coordinate of a position and added to the embedded puzzle.

    With the position itself as the only coordinate this is an ordinary learned encoding; with row, column and box,
    the *structured* one, cells of one unit share a vector from the start.
    """

    coordinates: Tensor

    def __init__(self, coordinates: Tensor, width: int):
        super().__init__()
        offset = torch.cumsum(coordinates.amax(0) + 1, 0)
        coordinates = coordinates + F.pad(offset[:-1], (1, 0))
        self.register_buffer("coordinates", coordinates, persistent=False)
        self.vectors = nn.Parameter(truncated_normal(int(offset[-1]), width))

    def add(self, x: Tensor) -> Tensor:
        """Add each position's vectors, one per coordinate."""
        return x + F.pad(self.vectors[self.coordinates].sum(1), (0, 0, x.shape[1] - len(self.coordinates), 0))


def _position(config: AIRConfig, family: puzzles.PuzzleFamily) -> Position:
    positions = config.prefix + family.rows * family.columns
    match config.position:
        case "rope":
            return RotaryPosition(positions, config.hidden // config.heads)
        case "learned":
            return LearnedPosition(torch.arange(positions)[:, None], config.hidden)
        case "structured":
            return LearnedPosition(torch.from_numpy(family.coordinates), config.hidden)


def truncated_normal(*shape: int, std: float = 1.0) -> Tensor:
    """Draw from a normal cut at two standard deviations and widened so that its standard deviation is ``std``."""
    wide = std / _TRUNCATED_STD
    return nn.init.trunc_normal_(torch.empty(shape), std=wide, a=-2 * wide, b=2 * wide)


# Standard deviation of a standard normal cut at two.
_TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


def parameter_count(model: nn.Module) -> int:
    """Count the trained numbers."""
    return sum(parameter.numel() for parameter in model.parameters())
