"""The runs on a GPU: ``python -m benchmarks.gpu_run ACTION [RUN] --work W --results R``.

``train`` goes on where the run stands and ends with exit code ``AGAIN`` when the seconds of a call are over before the
minutes of the run are: call it again. ``evaluate``, ``analyze`` and ``export`` write RESULTS/RUN: numbers, figures, the
paper's analyses, and weights in bfloat16 that ``AIRAgent.from_pretrained`` loads; ``summary`` lists what all runs have
reached. Datasets are those of ``benchmarks.gpu_data``, in WORK/data.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch

from agents.analysis import analyze
from agents.checkpoints.folder import EVALUATION, load_model, save_model
from agents.config.presets import PRESETS
from agents.config.training import TRAIN_CONFIG, TrainConfig
from agents.data.batches import open_dataset
from agents.evaluation import describe, evaluate, evaluate_attempts, evaluate_halting, report
from agents.figures.evaluation import draw_evaluation
from agents.figures.training_curve import draw_training_curve
from agents.hub.cards import write_card
from agents.models.compiling import compiled
from agents.models.devices import pick_device, pick_dtype
from agents.thinking.agent import AIRAgent
from agents.training.runs.log import METRICS
from agents.training.trainer import Trainer
from puzzles.files import write_json

AGAIN = 75  # EX_TEMPFAIL
HALT_AT = (0.5, 0.9, 0.99)
COMPILING, MEASURED, SPARE = 20, 100, 0.93
"""Steps in which a run compiles, steps that are timed, and the part of its minutes that is training."""


class Plan(NamedTuple):
    """One run: how to train, for how long, and what to measure."""

    config: TrainConfig
    """A cosine ends with the minutes, whatever ``steps`` says."""
    minutes: float
    """Of training at most; the number of steps in ``config`` ends it too."""
    tests: tuple[str, ...]
    """Datasets whose test split is measured, the first one for the card."""
    act_steps: int
    """ACT steps to measure; the accuracy after fewer comes with it."""
    attempts: int = 8
    """At a puzzle in doubt, to measure as well; 1 leaves that out."""


_BATCH = {"batch": 256, "ema": 0.999}
_PAPER = PRESETS["sudoku-extreme-1k"]
_1K = PRESETS["sudoku-candidates-1k"]
_EXTREME = dataclasses.replace(PRESETS["sudoku-extreme"], **_BATCH, dataset=Path("sudoku-mixture.h5"))
_SUDOKU_TESTS = "sudoku-extreme-1k", "sudoku-published"
_MAZE_TESTS = "maze-hard-1k", "maze-generated"

PLANS = {
    "sudoku-extreme": Plan(
        dataclasses.replace(
            _EXTREME,
            model=dataclasses.replace(_EXTREME.model, max_steps=48),
            init_from="air_envs/sudoku-extreme",
            act_steps=32,
            exploration=0.25,
        ),
        5,
        _SUDOKU_TESTS,
        64,
    ),
    "sudoku-wide": Plan(
        dataclasses.replace(
            _EXTREME, model=dataclasses.replace(_EXTREME.model, hidden=9 * 64), init_from=None, lr=_1K.lr
        ),
        5,
        _SUDOKU_TESTS,
        64,
    ),
    "sudoku-candidates-1k": Plan(
        dataclasses.replace(_1K, dataset=Path("sudoku-extreme-1k.h5")),
        4,
        _SUDOKU_TESTS,
        64,
    ),
    "maze-hard": Plan(
        dataclasses.replace(
            PRESETS["maze-hard"], **_BATCH, dataset=Path("maze-mixture.h5"), init_from="air_envs/maze-hard"
        ),
        5,
        _MAZE_TESTS,
        32,
    ),
    "sudoku-1k-in-minutes": Plan(
        dataclasses.replace(
            _PAPER,
            model=dataclasses.replace(_PAPER.model, q_continue=False),
            lr=3e-4,
            warmup=300,
            schedule="cosine",
            ema=0.999,
        ),
        4,
        _SUDOKU_TESTS,
        16,
        attempts=1,
    ),
    "sudoku-extreme-1k": Plan(_PAPER, 30, _SUDOKU_TESTS, 16, attempts=1),
    "maze-hard-1k": Plan(dataclasses.replace(PRESETS["maze-hard-1k"], batch=128), 8, _MAZE_TESTS, 16, attempts=1),
}
"""The paper's settings, the first in a hurry, come last: they take what is left of the machine's minutes."""


def plan(name: str, work: Path, tiny: bool, **how: Any) -> Plan:
    """Return a plan with its paths, and ``how`` to train it, fields of ``TrainConfig``; tiny ones take seconds."""
    planned = PLANS[name]
    config, act_steps = planned.config, planned.act_steps
    config = dataclasses.replace(
        config,
        dataset=work / "data" / config.dataset.name,
        output=work / "runs" / name,
        log_every=100,
        eval_every=4_000,
        eval_puzzles=500,
        checkpoint_minutes=3,
        keep=1,
        **how,
    )
    if tiny:
        hidden = 9 * 4 if config.model.mixer == "candidates" else 48
        config = dataclasses.replace(
            config,
            model=dataclasses.replace(config.model, hidden=hidden, heads=6, layers=1, max_steps=2),
            init_from=None,
            act_steps=None,
            random_act_steps=config.random_act_steps and 1,
            compile="off",
            schedule="constant",
            steps=6,
            batch=4,
            warmup=2,
            log_every=2,
            eval_every=3,
            eval_puzzles=4,
        )
        act_steps //= 8
    return planned._replace(config=config, act_steps=act_steps)


def train(asked: Plan, minutes: float, seconds: float) -> bool:
    """Train until the run has had its minutes or the call its seconds; return whether the run is over."""
    run = asked.config.output
    trainer = Trainer.resume(run) if (run / TRAIN_CONFIG).exists() else Trainer(asked.config)
    left = 60 * minutes - trainer.seconds
    if trainer.step >= trainer.config.steps or left <= 0:
        return True
    if trainer.step == 0 and trainer.config.schedule == "cosine":
        end_cosine(trainer, left)
        left = max(left - trainer.seconds, 1.0)
    with interrupt_after(min(left, seconds)) as rung:
        try:
            print(trainer.train())
        except KeyboardInterrupt:
            if not rung:
                raise
            return left <= seconds
    return True


def end_cosine(trainer: Trainer, seconds: float) -> None:
    """Take the first steps of a run, and from their time reckon the number of steps in which its cosine ends."""
    start = time.perf_counter()
    for count in (COMPILING, MEASURED):  # the second round is the time of a step
        begin = time.perf_counter()
        for _ in range(count):
            trainer.train_step()
        if trainer.device.type == "cuda":
            torch.cuda.synchronize()
    took = (time.perf_counter() - begin) / MEASURED
    trainer.seconds = time.perf_counter() - start
    steps = trainer.step + max(1, round((seconds - trainer.seconds) * SPARE / took))
    trainer.config = dataclasses.replace(trainer.config, steps=steps)


@contextlib.contextmanager
def interrupt_after(seconds: float) -> Iterator[list[int]]:
    """Press Ctrl-C after some time, as a person would, and note it in the list: training ends with a checkpoint."""
    rung: list[int] = []

    def ring(number: int, frame: FrameType | None) -> None:
        rung.append(number)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measure(asked: Plan, results: Path) -> None:
    """Evaluate a trained run on each of its test sets that is there: JSON and a picture each."""
    device = pick_device()
    run, batch = asked.config.output, 4096 if asked.config.model.family.startswith("sudoku") else 512
    model = load_model(run, device)
    compiled(model, "off" if asked.config.compile == "off" else "blocks", dynamic=None)
    agent = AIRAgent(model, pick_dtype("auto", device))
    for test in asked.tests:
        path = asked.config.dataset.with_name(f"{test}.h5")
        output = results / run.name / (EVALUATION if test == asked.tests[0] else f"{test}.json")
        if output.exists() or not path.exists():
            continue
        data = open_dataset(path, agent.family.name)
        evaluation = evaluate(agent, data, max_steps=asked.act_steps, batch=batch)
        early = [evaluate_halting(agent, data, limit, max_steps=asked.act_steps, batch=batch) for limit in HALT_AT]
        several = None
        if asked.attempts > 1:
            several = evaluate_attempts(
                agent, data, asked.attempts, threshold=HALT_AT[0], max_steps=asked.act_steps, batch=batch
            )
        print(describe(evaluation, early, several))
        title = f"{run.name}: {len(evaluation.right):,} test puzzles of {test}"
        draw_evaluation(evaluation, output.with_suffix(".png"), early, title)
        write_json(output, {"run": run.name, "dataset": path.name, **report(evaluation, early, several)})


def examine(asked: Plan, results: Path) -> None:
    """Run the paper's analyses on the first test set of a trained run."""
    agent = AIRAgent(load_model(asked.config.output, pick_device()))
    data = open_dataset(asked.config.dataset.with_name(f"{asked.tests[0]}.h5"), agent.family.name)
    print(analyze(agent, data, output=results / asked.config.output.name / "analysis", pictures=0))


def export(asked: Plan, results: Path) -> None:
    """Write what a run leaves: weights in bfloat16, card, curve and metrics."""
    run, folder = asked.config.output, results / asked.config.output.name
    save_model(load_model(run), folder, torch.bfloat16)
    for file in (run / TRAIN_CONFIG, run / METRICS, draw_training_curve(run)):
        shutil.copy(file, folder)
    print(write_card(folder))


def summary(results: Path) -> str:
    """Return a table of the exact accuracy that the runs in ``results`` have reached."""
    lines = ["| run | test puzzles | ACT steps | exact accuracy | 95 % interval |", "| --- | --- | ---: | ---: | --- |"]
    for name in PLANS:
        for path in sorted((results / name).glob("*.json")):
            found = json.loads(path.read_text())
            if "exact_accuracy" in found:
                low, high = found["exact_accuracy_interval_95"]
                lines.append(
                    f"| {name} | {found['puzzles']:,} of {Path(found['dataset']).stem} | {found['act_steps']} "
                    f"| {found['exact_accuracy']:.1%} | {low:.1%} to {high:.1%} |"
                )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu_run", description=__doc__)
    parser.add_argument("action", choices=["train", "evaluate", "analyze", "export", "summary"])
    parser.add_argument("run", nargs="?", choices=[*PLANS, None])
    parser.add_argument("--work", type=Path, required=True, help="folder of data/ and runs/")
    parser.add_argument("--results", type=Path, required=True, help="folder to leave numbers, figures and weights in")
    parser.add_argument("--minutes", type=float, help="of the whole run; by default the plan's")
    parser.add_argument("--seconds", type=float, default=1e6, help="of this call")
    parser.add_argument("--compile", default="blocks", help="how to train; see TrainConfig.compile")
    parser.add_argument("--init-from", metavar="MODEL", help="initialise from its weights, except with --tiny")
    parser.add_argument("--float8", action="store_true", help="train so; see TrainConfig.float8")
    parser.add_argument("--tiny", action="store_true", help="toy sizes")
    given = parser.parse_args()
    if given.action == "summary":
        print(summary(given.results))
        return
    if given.run is None:
        parser.error(f"{given.action} needs a RUN, one of {', '.join(PLANS)}")
    how = {"compile": given.compile, "float8": given.float8}
    if given.init_from is not None:
        how["init_from"] = given.init_from
    asked = plan(given.run, given.work, given.tiny, **how)
    if given.action == "evaluate":
        measure(asked, given.results)
    elif given.action == "analyze":
        examine(asked, given.results)
    elif given.action == "export":
        export(asked, given.results)
    elif not train(asked, asked.minutes if given.minutes is None else given.minutes, given.seconds):
        sys.exit(AGAIN)


if __name__ == "__main__":
    main()
