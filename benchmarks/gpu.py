"""Speed on a GPU: ``python -m benchmarks.gpu [PART ...]`` prints one table.

Parts are ceiling, loss, fused, step, kernels, maze and evaluation; without any, all. Weights are untrained: they cost
as much as trained ones. --tiny runs the same code at toy sizes, on a CPU where there is no GPU, and judges no target;
it needs a C++ compiler there.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.evaluation import Evaluation, evaluate, evaluate_halting, halting_steps
from agents.models.air import AIR
from agents.models.compiling import compiled
from agents.models.cost import act_step_flops, count_parameters, training_step_flops
from agents.models.devices import pick_device, pick_dtype, prepare
from agents.models.float8 import multiplies_float8
from agents.models.kernels.fused import WIDTHS, fuses_attention, use_kernels
from agents.models.layers import use_float8
from agents.thinking.agent import AIRAgent
from agents.training.losses import stablemax_cross_entropy
from agents.training.trainer import Trainer
from benchmarks.gpu_sizes import PAPER, TINY, WAYS
from benchmarks.table import Row, at_least, at_most, machine, report
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.files import write_json

STEPS, TEST_PUZZLES = 26_040, 422_786  # of the paper's run, of Sudoku-Extreme
MINUTES = {"continue target": 30, "halt-only": 20}  # for STEPS
REPEATS = 3
KERNELS, KERNEL_NAME = 14, 60
"""How many kernels are listed, and letters of their names."""


class Step(NamedTuple):
    """What one setting of the trainer costs."""

    seconds: float
    """Of a step."""
    first: float
    """Seconds of the first steps, in which it compiles."""
    peak: int
    """Bytes that tensors held at most; 0 where the device does not say."""


class Bench:
    """The parts, at one size on one device.

    Args:
        tiny: take toy sizes.
        folder: for puzzles, which are built once; those that are there are taken.
        steps: in each timing.

    Raises:
        ValueError: the paper's size without a CUDA device.
    """

    def __init__(self, tiny: bool, folder: Path, steps: int | None = None):
        self.folder = folder
        self.sizes = TINY if tiny else PAPER
        self.steps = steps or self.sizes.steps
        self.device = prepare(pick_device())
        self.cuda = self.device.type == "cuda"
        self.judged = not tiny
        if self.judged and not self.cuda:
            raise ValueError(f"device {self.device}, expected CUDA; --tiny runs toy sizes anywhere")
        self.dtype = pick_dtype("bfloat16" if self.cuda else "float32", self.device)
        # Now, as a card that has worked for a while may be slower: in one run by a seventh.
        self.peak_rate = self.matrix_rate()

    @property
    def where(self) -> str:
        """The device and the versions, for the table's title."""
        name = torch.cuda.get_device_name() if self.cuda else "no GPU, toy sizes, no target judged"
        hidden = torch.empty(1, 1, WIDTHS[0], device=self.device, dtype=self.dtype)
        kernels = "" if fuses_attention(hidden, WIDTHS[0]) else ", without kernels of our own"
        return f"{name}, torch {torch.__version__}, {_name(self.dtype)}{kernels}"

    def matrix_rate(self) -> float:
        """Operations a second of a large matrix product of random numbers."""
        side = self.sizes.product
        a, b = (torch.randn(side, side, device=self.device, dtype=self.dtype) for _ in range(2))
        return 2 * side**3 / self.seconds(lambda: a @ b, 20)

    def ceiling(self) -> Iterator[Row]:
        """The rate that the others are compared with."""
        yield Row(
            "matrix ceiling", self.peak_rate / 1e12, "TFLOP/s", note=f"{self.sizes.product} cubed, random numbers"
        )

    def loss(self) -> Iterator[Row]:
        """What the authors' float64 costs: stablemax and its gradient, at the shape of a training step."""
        model = AIR(self.sizes.sudoku)
        shape = self.sizes.batch, model.cells, len(model.embedding)
        logits = torch.randn(shape, device=self.device, dtype=self.dtype, requires_grad=True)
        labels = torch.randint(1, shape[-1], shape[:-1], device=self.device)
        for dtype in (torch.float64, torch.float32):
            took = self.seconds(lambda dtype=dtype: stablemax_cross_entropy(logits, labels, dtype).sum().backward(), 20)
            yield Row(f"stablemax in {_name(dtype)}", took * 1e3, "ms", note="with its gradient")

    def step(self) -> Iterator[Row]:
        """The paper's Sudoku setting, with and without the target of q_continue."""
        sizes = self.sizes
        yield Row("parameters", count_parameters(sizes.sudoku) / 1e6, "M", note=f"batch {sizes.batch}")
        for name, minutes in MINUTES.items():
            model = dataclasses.replace(sizes.sudoku, q_continue=name == "continue target")
            flops = training_step_flops(model, sizes.batch)
            floor = flops / self.peak_rate
            yield Row(f"Sudoku, {name}: arithmetic", flops / 1e12, "TFLOP", note=f"floor {floor * 1e3:.3g} ms")
            found = {}
            for how in self.usable(sizes.ways[name]):
                found[how] = self.measure(model, sizes.batch, how)
                took, note = found[how].seconds, self.describe(found[how], flops, sizes.batch)
                yield Row(f"Sudoku, {name}: step, {how}", took * 1e3, "ms", note=note)
            best = min(found, key=lambda how: found[how].seconds)
            took = found[best].seconds
            yield self.target(at_least, f"Sudoku, {name}: of the ceiling", 100 * floor / took, "%", 55, best)
            yield self.target(at_most, f"Sudoku, {name}: {STEPS:,} steps", took * STEPS / 60, "min", minutes, best)

    def kernels(self) -> Iterator[Row]:
        """What takes the device's time in a step of the paper's Sudoku setting, the longest first."""
        sizes = self.sizes
        for how in self.usable(sizes.profiled):
            found = self.profile(self.trainer(sizes.sudoku, sizes.batch, how).train_step)
            total = sum(took for took, _, _ in found)
            for took, calls, name in found[:KERNELS]:
                note = f"{took / total:.1%}, {calls:.0f} calls"
                yield Row(f"{how}: {name[:KERNEL_NAME]}", took * 1e3, "ms", note=note)

    def fused(self) -> Iterator[Row]:
        """A block's two layers with torch's kernels and with those of our own, where they fit, compiled both times."""
        model = AIR(self.sizes.sudoku).to(self.device)
        block, position = model.f[0], model.position
        shape = self.sizes.batch, model.positions, self.sizes.sudoku.hidden
        h = torch.randn(shape, device=self.device, dtype=self.dtype)
        wanted = h.clone().requires_grad_()
        layers: dict[str, Callable[[], Tensor]] = {
            "attention": lambda: block.mixer(h, position),
            "attention and its gradient": lambda: torch.autograd.grad(block.mixer(wanted, position).sum(), wanted)[0],
            "SwiGLU": lambda: block.mlp(h),
            "SwiGLU, float8": lambda: block.mlp(h),
        }
        for name in self.usable(tuple(layers)):
            if "float8" in name:
                use_float8(model.f, self.device)
            took = {}
            for own in (False, True):
                self.forget()
                use_kernels(own)
                block.mixer.compile(dynamic=False)
                block.mlp.compile(dynamic=False)
                with torch.set_grad_enabled("gradient" in name):
                    took[own] = self.seconds(layers[name], 20)
            note = f"{took[False] * 1e3:.3g} ms with torch's kernels, {took[False] / took[True]:.2f} times as long"
            yield Row(f"{name}: our kernels", took[True] * 1e3, "ms", note=note)

    def maze(self) -> Iterator[Row]:
        """Maze-Hard, the batch doubled until memory ends or nothing is gained."""
        model, best = self.sizes.maze, 0.0
        one = training_step_flops(model, 1)
        for batch in self.sizes.maze_batches:
            try:
                found = self.measure(model, batch, self.sizes.maze_way)
            except torch.OutOfMemoryError:
                yield Row("Maze: batch that memory is too small for", batch, "")
                break
            note = self.describe(found, batch * one, batch)
            yield Row(f"Maze: step, batch {batch}, {self.sizes.maze_way}", found.seconds * 1e3, "ms", note=note)
            rate, before = batch / found.seconds, best
            best = max(best, rate)
            if rate < 1.02 * before:
                break
        yield self.target(at_least, "Maze: of the ceiling", 100 * best * one / self.peak_rate, "%", 45)

    def evaluation(self) -> Iterator[Row]:
        """A sample of puzzles, projected to all of Sudoku-Extreme's test split."""
        sizes = self.sizes
        self.forget()
        use_kernels(True)
        path = self.folder / f"{sizes.sudoku.family}-{sizes.puzzles}.h5"
        if not path.exists():
            build_dataset(path, sizes.sudoku.family, train=0, test=sizes.puzzles, progress=False)
        agent, data = self.agent(), Dataset(path)
        tried = {size: evaluate(agent, data, batch=size, progress=False) for size in sizes.evaluated_at_once}
        size, full = min(tried.items(), key=lambda one: one[1].seconds)
        threshold = _quarter_threshold(full)
        early = evaluate_halting(agent, data, threshold, batch=size, progress=False)
        flops = act_step_flops(sizes.sudoku, len(full.right)) * full.exact.shape[1]
        used = flops / full.seconds / self.peak_rate
        rates = ", ".join(f"{one.puzzles_per_second:,.0f} puzzles/s with batch {n}" for n, one in tried.items())
        minutes = TEST_PUZZLES / len(full.right) / 60
        what, note = f"{TEST_PUZZLES:,} puzzles", f"{rates}; {used:.0%} of the ceiling"
        yield self.target(at_most, f"{what}, {full.exact.shape[1]} ACT steps", full.seconds * minutes, "min", 4, note)
        note = (
            f"threshold set for {early.steps.mean():.1f} ACT steps, {early.steps.sum() / early.computed:.0%} occupied"
        )
        yield self.target(at_most, f"{what}, stopped early", early.seconds * minutes, "min", 2, note)

    def agent(self) -> AIRAgent:
        """An untrained agent whose halting head distinguishes puzzles."""
        torch.manual_seed(0)
        model = AIR(self.sizes.sudoku)
        torch.nn.init.normal_(model.q_head.weight)
        torch.nn.init.zeros_(model.q_head.bias)
        compiled(model.to(self.device), "blocks" if self.judged else "off")
        return AIRAgent(model, self.dtype)

    def usable(self, ways: tuple[str, ...]) -> list[str]:
        """Leave out what the device can't do."""
        return [how for how in ways if "float8" not in how or multiplies_float8(self.device)]

    def measure(self, model: AIRConfig, batch: int, how: str) -> Step:
        """Time the trainer's step."""
        trainer = self.trainer(model, batch, how)
        first = self.seconds(trainer.train_step, 4, warm_up=0, repeats=1) * 4
        took = self.seconds(trainer.train_step, self.steps)
        peak = torch.cuda.max_memory_allocated() if self.cuda else 0
        return Step(took, first, peak)

    def trainer(self, model: AIRConfig, batch: int, how: str) -> Trainer:
        """Return one that trains as the paper does, in one of ``WAYS``."""
        dataset = self.folder / f"{model.family}.h5"
        if not dataset.exists():
            build_dataset(dataset, model.family, train=200, test=10, progress=False)
        self.forget()
        use_kernels(WAYS[how].kernels)
        where = {"device": str(self.device), "dtype": _name(self.dtype)}
        return Trainer(TrainConfig(dataset, self.folder, model, batch=batch, **where, **WAYS[how].fields))

    def forget(self) -> None:
        """Free what the setting before has compiled and allocated."""
        torch.compiler.reset()
        gc.collect()
        if self.cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def seconds(self, work: Callable[[], object], calls: int, warm_up: int = 2, repeats: int = REPEATS) -> float:
        """Wall time of a call: the median of ``repeats`` stretches of ``calls`` calls, the device waited for."""
        for _ in range(warm_up):
            work()
        times = []
        for _ in range(repeats):
            self.wait()
            start = time.perf_counter()
            for _ in range(calls):
                work()
            self.wait()
            times.append((time.perf_counter() - start) / calls)
        return statistics.median(times)

    def profile(self, work: Callable[[], object]) -> list[tuple[float, float, str]]:
        """Seconds, calls and names of what the device runs in a call of ``work``, the longest first."""
        self.seconds(work, 4, warm_up=0, repeats=1)
        with torch.profiler.profile() as profile:
            self.seconds(work, self.steps, warm_up=0, repeats=1)
        return sorted(
            (
                (
                    (event.self_device_time_total if self.cuda else event.self_cpu_time_total) / self.steps / 1e6,
                    event.count / self.steps,
                    event.key,
                )
                for event in profile.key_averages()
                if event.device_type.name.lower() == self.device.type
            ),
            reverse=True,
        )

    def wait(self) -> None:
        """Wait for the device."""
        if self.cuda:
            torch.cuda.synchronize()

    def describe(self, step: Step, flops: int, batch: int) -> str:
        """What is reported with the time of a step."""
        rate = flops / step.seconds
        memory = f", {step.peak / 2**30:.1f} GiB" if step.peak else ""
        return (
            f"{batch / step.seconds:,.0f} ACT steps of a puzzle/s, {rate / 1e12:.3g} TFLOP/s, "
            f"{rate / self.peak_rate:.0%} of the ceiling{memory}, first 4 steps {step.first:.0f} s"
        )

    def target(
        self, kind: Callable[..., Row], what: str, figure: float, unit: str, bound: float, note: str = ""
    ) -> Row:
        """A row with a target, which is judged at the paper's size alone."""
        return kind(what, figure, unit, bound, note) if self.judged else Row(what, figure, unit, note=note)


PARTS = ("ceiling", "loss", "fused", "step", "kernels", "maze", "evaluation")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--tiny", action="store_true", help="toy sizes, on a CPU too; no target is judged")
    parser.add_argument("--steps", type=int, help="training steps in each timing; 1 fills the compiler's caches")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
    parser.add_argument("--folder", type=Path, help="keep the puzzles there, and take those that are there")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measure(wanted.parts or PARTS, Bench(wanted.tiny, wanted.folder or Path(temporary), wanted.steps), wanted.json)


def measure(parts: Sequence[str], bench: Bench, file: Path | None) -> None:
    """Print the table of some parts, and write it to a file as JSON."""
    rows, device = [], bench.where

    def kept(part: str) -> Callable[[], Iterator[Row]]:
        def run() -> Iterator[Row]:
            for row in getattr(bench, part)():
                rows.append(row)
                yield row

        return run

    report(f"GPU: {device}", [kept(part) for part in parts])
    if file:
        numbers = {"device": device, "machine": machine(), "rows": [row._asdict() for row in rows]}
        write_json(file, numbers)


def _quarter_threshold(full: Evaluation) -> float:
    """Return the probability above which puzzles halt after about a quarter of the steps."""
    logits = np.quantile(full.q_halt, np.linspace(0.01, 0.999, 200)).astype(float)
    probabilities = (1 / (1 + np.exp(-logits))).tolist()
    steps = full.exact.shape[1]
    return min(probabilities, key=lambda p: abs(halting_steps(full.q_halt, p).mean() - steps / 4))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


if __name__ == "__main__":
    main()
