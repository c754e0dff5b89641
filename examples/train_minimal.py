"""AIR on 4x4 Sudoku in one file, to read in one sitting and to fork: python -m examples.train_minimal.

AIR (arXiv 2605.17811) has two states, a vector per cell each: z_H holds the answer, z_L is a scratchpad. One
Transformer f updates both (paper, section 3). The embedded puzzle x enters the L-update alone:

    L-update:  z_L <- f(z_L + z_H + x)          H-update:  z_H <- f(z_H + z_L)

Six updates, L L H L L H, make one *ACT step*. A puzzle gets up to 8 of them, and the model learns when to stop.

Model and loss are the paper's at a small size, with two changes. Learned vectors of rows, columns and boxes replace
RoPE, which needed four times as many steps to reach 95 %. AdamW replaces AdamATan2. The package `agents` is the full
library; a test holds the losses of this file equal to those of its `Trainer`.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import puzzles

SUDOKU = puzzles.family("sudoku-4x4")
# Shapes: B batch, C = 16 cells, S = 1 + C positions (a prefix, then the cells), D hidden.
TOKENS = SUDOKU.vocabulary_size  # a token is a cell's value plus 1: 0 padding (unused here), 1 blank, 2 to 5 the digits


@dataclass(frozen=True)
class Config:
    """The model and its training; the paper's choice for 9x9 Sudoku in brackets."""

    hidden: int = 64  # [512]
    heads: int = 2  # [8]
    layers: int = 2  # blocks in f [4]
    inner: int = 256  # width inside SwiGLU [1536]
    program: str = "LLHLLH"  # the updates of one ACT step
    gradient: str = "LH"  # the last of them, which training differentiates
    max_steps: int = 8  # ACT steps per puzzle, at most in training and always in evaluation [16]
    exploration: float = 0.1  # probability of holding halting off
    steps: int = 1_000  # of the optimizer; each is one ACT step of the whole batch [26,040]
    batch: int = 64  # [768]
    lr: float = 2e-3  # after a linear warm-up, then down to 0 along a cosine [1e-4, constant]
    warmup: int = 100  # [2,000]
    weight_decay: float = 0.1  # [1.0]


def normal(*shape: int, std: float) -> nn.Parameter:
    """Draw weights from a normal cut at two standard deviations, which takes 12 % off its spread."""
    wide = std / 0.879626
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(shape), std=wide, a=-2 * wide, b=2 * wide))


class Block(nn.Module):
    """A block of f: attention over all positions, then a SwiGLU in each. Post-norm: states keep their size."""

    def __init__(self, config: Config):
        super().__init__()
        width, inner, self.heads = config.hidden, config.inner, config.heads
        self.qkv, self.out = normal(3 * width, width, std=width**-0.5), normal(width, width, std=width**-0.5)
        self.gate_up, self.down = normal(2 * inner, width, std=width**-0.5), normal(width, inner, std=inner**-0.5)
        self.norm = nn.RMSNorm(width, eps=1e-5, elementwise_affine=False)

    def forward(self, h: Tensor) -> Tensor:
        """(B, S, D) to the same."""
        q, k, v = (h @ self.qkv.T).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, S, D / heads)
        weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)  # no mask: every cell may look at every other
        h = self.norm(h + (weights @ v).transpose(1, 2).flatten(-2) @ self.out.T)
        gate, up = (h @ self.gate_up.T).chunk(2, -1)
        return self.norm(h + (F.silu(gate) * up) @ self.down.T)


class AIR(nn.Module):
    """The recurrent model (paper, section 3). Its state is z_H and z_L, stacked: (2, B, S, D)."""

    def __init__(self, config: Config):
        super().__init__()
        self.config, width = config, config.hidden
        self.embedding = normal(TOKENS, width, std=width**-0.5)
        self.prefix = nn.Parameter(torch.zeros(1, width))
        self.vectors = normal(12, width, std=1.0)  # of 4 rows, 4 columns and 4 boxes
        self.f = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.lm_head = normal(TOKENS, width, std=width**-0.5)
        self.q_head = nn.Linear(width, 2)  # reads q_halt and q_continue off the prefix position of z_H
        nn.init.zeros_(self.q_head.weight)
        nn.init.constant_(self.q_head.bias, -5.0)  # sure at first that no answer is right
        self.register_buffer("start", normal(2, 1, 1, width, std=1.0).detach())  # of both states, not trained
        self.register_buffer("units", torch.from_numpy(SUDOKU.coordinates) + torch.tensor([0, 4, 8]))  # rows of vectors

    def forward(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Take one ACT step over puzzles (B, C); return the state, logits (B, C, TOKENS), q_halt and q_continue (B,).

        Gradients flow through the last updates alone: memory does not grow with their number (HRM, arXiv 2506.21734).
        """
        scale = math.sqrt(self.config.hidden)
        cells = F.embedding(tokens, self.embedding) * scale + self.vectors[self.units].sum(1)
        x = torch.cat((self.prefix.expand(len(tokens), 1, -1) * scale, cells), dim=1)
        z_H, z_L = state.expand(-1, len(tokens), x.shape[1], -1)
        for left, letter in zip(range(len(self.config.program), 0, -1), self.config.program, strict=True):
            with torch.set_grad_enabled(torch.is_grad_enabled() and left <= len(self.config.gradient)):
                h = z_H + z_L + x if letter == "L" else z_H + z_L
                for block in self.f:
                    h = block(h)
            z_H, z_L = (z_H, h) if letter == "L" else (h, z_L)
        return torch.stack((z_H, z_L)).detach(), z_H[:, 1:] @ self.lm_head.T, *self.q_head(z_H[:, 0]).unbind(-1)


def stablemax_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy with s(x) = x + 1 (x >= 0) or 1 / (1 - x) in place of exp, in float64 (paper, training section)."""
    x = logits.double()
    s = torch.where(x < 0, 1 / (1 - x.clamp(max=0)), x + 1)
    return (s.sum(-1).log() - s.gather(-1, labels[..., None]).squeeze(-1).log()).mean()


def draw(data: Tensor, config: Config, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw a random symmetry copy of a random puzzle for each sequence, (B, 2, C), and the fewest ACT steps it gets."""
    size, random = config.batch, {"generator": generator, "device": data.device}
    grids = data[torch.randint(len(data), (size,), **random)]
    order, relabel = SUDOKU.symmetries(torch.rand((size, SUDOKU.symmetry_dim), **random))
    grids = relabel.gather(1, grids.flatten(1)).view_as(grids).gather(2, order[:, None].expand_as(grids))
    held = torch.rand(size, **random) < config.exploration  # so that later steps are tried as well
    return grids, held * torch.randint(2, config.max_steps + 1, (size,), **random)


def train(model: AIR, data: Tensor, config: Config, generator: torch.Generator) -> Iterator[float]:
    """Train on puzzles and solutions (N, 2, C), and yield the loss of each optimizer step (paper, training section)."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=config.weight_decay, fused=True)
    bce = F.binary_cross_entropy_with_logits
    state, grids, taken = model.start, data[:1], torch.zeros(config.batch, dtype=torch.long, device=data.device)
    halted = taken == 0
    for step in range(config.steps):
        # Replace every halted sequence by a fresh puzzle: the batch stays full, each sequence at its own ACT step.
        fresh, least = draw(data, config, generator)
        grids = torch.where(halted[:, None, None], fresh, grids)
        state = torch.where(halted[:, None, None], model.start, state)
        taken = torch.where(halted, 0, taken) + 1
        # Take one ACT step. Halt at the limit, or where halting promises more than going on.
        tokens, labels = (grids + 1).unbind(1)
        state, logits, q_halt, q_continue = model(tokens, state)
        last = taken >= config.max_steps
        halted = last | ((q_halt > q_continue) & (taken >= least))
        # q_halt learns whether the whole grid is right, q_continue what the next ACT step is worth (Q-learning).
        exact = (logits.argmax(-1) == labels).all(-1)
        with torch.no_grad():
            *_, next_halt, next_continue = model(tokens, state)
            worth = torch.where(last, next_halt, torch.maximum(next_halt, next_continue)).sigmoid()
        loss = stablemax_loss(logits, labels) + 0.5 * (bce(q_halt, exact.to(q_halt.dtype)) + bce(q_continue, worth))
        done = (step - config.warmup) / max(1, config.steps - config.warmup)
        rate = (step + 1) / config.warmup if step < config.warmup else (1 + math.cos(math.pi * done)) / 2
        optimizer.param_groups[0]["lr"] = config.lr * rate
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@torch.no_grad()
def accuracy(model: AIR, data: Tensor) -> tuple[float, float]:
    """Return the shares of puzzles and of cells in data (N, 2, C) that are right after all ACT steps."""
    (tokens, labels), state = (data + 1).unbind(1), model.start
    for _ in range(model.config.max_steps):
        state, logits, *_ = model(tokens, state)
    right = logits.argmax(-1) == labels
    return right.all(-1).double().mean().item(), right.double().mean().item()


def splits() -> tuple[Tensor, Tensor, Tensor]:
    """Generate puzzles with their solutions for training, validation and test, (N, 2, C) cell values each."""
    made = SUDOKU.generate(np.arange(10_000, dtype=np.uint64))
    data = torch.from_numpy(np.stack((made.puzzle, made.solution), axis=1)).flatten(2).long()
    # Puzzles of one form are equal up to symmetry. Held-out forms are kept from training, with all their copies.
    _, first, form = np.unique(SUDOKU.canonical(*made[:2]), axis=0, return_index=True, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(first))
    return data[(order >= 1_250)[form.ravel()]], data[first[order < 250]], data[first[(order >= 250) & (order < 1_250)]]


def main(steps: int, seed: int, device: str) -> None:
    """Train, then measure once on the test puzzles. Tune by the validation puzzles, never by these."""
    config, (training, validation, test) = Config(steps=steps), (part.to(device) for part in splits())
    torch.manual_seed(seed)
    model, generator, start = AIR(config).to(device), torch.Generator(device).manual_seed(seed), time.perf_counter()
    for step, loss in enumerate(train(model, training, config, generator), start=1):
        if step % 100 == 0 or step == steps:
            seconds, (exact, cells) = time.perf_counter() - start, accuracy(model, validation)
            print(f"step {step}, {seconds:.0f} s: loss {loss:.3f}, validation: puzzles {exact:.1%}, cells {cells:.1%}")
    exact, z2 = accuracy(model, test)[0], 1.96**2 / len(test)  # Wilson's interval
    low, high = ((exact + z2 / 2 + end * math.sqrt(z2 * (exact - exact**2 + z2 / 4))) / (1 + z2) for end in (-1, 1))
    print(f"exact accuracy {exact:.1%} (95 % interval {low:z.1%} to {high:.1%}) on {len(test)} unseen test puzzles")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=Config.steps, help="optimizer steps, default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    main(**vars(parser.parse_args()))
