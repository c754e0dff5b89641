"""``air-envs eval``: a trained model on unseen puzzles, on tensors and through the environment."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse
from agents.config.search import Search, default_search


def evaluate_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")],
    split: str = "test",
    puzzles: int | None = None,
    act_steps: int | None = None,
    halt: float = 0.99,
    halt_at: tuple[float, ...] = (0.5, 0.9, 0.99),
    time_early: bool = False,
    attempts: int = 1,
    search: Search | None = None,
    guesses: int = 1,
    noise: float = 0.3,
    threshold: float = 0.5,
    episodes: bool = True,
    batch: int | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    compile: bool = False,
    output: Path | None = None,
    overwrite: bool = False,
    record: bool = False,
) -> None:
    """Measure exact accuracy, the papers' number, and related measures; play the same puzzles as episodes.

    Also: accuracy by ACT step and by difficulty, calibration of the halting head, cost and gain of early stopping.

    A puzzle stops once the halting head is sure of its answer. The papers take every ACT step: --halt 1.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        dataset: HDF5 file; its grid shape may be another than the model was trained on, where the weights fit any.
        split: of the dataset.
        puzzles: how many, from the first on; by default all.
        act_steps: ACT steps per puzzle, also more than in training; by default the model's maximum.
        halt: probability of a right answer above which a puzzle stops; 1 takes every ACT step.
        halt_at: lower ones, of which to say what stopping there would have given.
        time_early: run the evaluation again at each of them, to measure the time that it saves.
        attempts: at a puzzle, at most; a puzzle is retried while the halting head is not sure of the answer.
        search: how it is retried: with guessed digits, with noise on the states, as a random symmetry copy, or by
            several noisy trajectories at once of which the one that halts first answers. By default guesses for
            Sudoku and symmetry copies for mazes.
        guesses: guessed digits in a puzzle, at most.
        noise: standard deviation of the noise; the states have root mean square 1.
        threshold: probability of a right answer up to which a puzzle is retried; above it, an attempt stops too.
        episodes: play the puzzles in their environment too.
        batch: puzzles at a time, at most; by default what suits the device.
        device: cpu, cuda, mps or auto.
        dtype: precision of the hidden states.
        compile: compile the ACT step with torch.compile (needs a C++ compiler on the CPU).
        output: JSON file of the numbers, with the picture beside it; by default eval.json in the folder RUN, and
            eval-NAME.json in the working directory for a shipped model NAME; -FAMILY is added to the name for another
            grid shape than the model was trained on.
        overwrite: replace the file, which may hold what was measured on another dataset.
        record: write the result to the folder "results" of the working directory, for the leaderboard.
    """
    from puzzles.dataset import Dataset

    require_model(run)
    data = Dataset(dataset)  # wrong names are said at once, before torch is loaded

    from agents.checkpoints.folder import EVALUATION
    from agents.checkpoints.kinds import require_new_files
    from agents.config.training import read_train_config
    from agents.evaluation import cut_short, describe, evaluate, evaluate_attempts, evaluate_halting, report
    from agents.evaluation.halting import check_thresholds
    from agents.evaluation.records import evaluation_record, write_record
    from agents.evaluation.refilling import logit
    from agents.evaluation.search import check_search
    from agents.evaluation.sources import by_source, source_lines
    from agents.figures.evaluation import draw_evaluation
    from agents.hub.cards import write_card
    from agents.thinking.agent import AIRAgent
    from puzzles.files import write_json

    check_thresholds(halt_at, halt)  # a wrong one is said now, not after the long part
    logit(threshold)
    agent = AIRAgent.from_pretrained(run, device, dtype, compile, data.family.name)
    search = search or default_search(agent.family)
    check_search(agent, attempts, search, guesses, noise)
    if output is None:
        output = _output(run, agent.family.name)
    require_new_files(overwrite, output, output.with_suffix(".png"))
    if output == Path(run) / EVALUATION:
        read_train_config(Path(run))  # for the card: what is wrong with it is said now as well
    start = time.perf_counter()
    reused = attempts > 1 and threshold <= halt  # the first attempt is part of this evaluation
    evaluation = evaluate(
        agent,
        data,
        split,
        puzzles,
        act_steps,
        batch,
        keep_steps=True,
        halt=halt,
        keep_probability=reused and search == "guesses",
    )
    if time_early:
        early = [evaluate_halting(agent, data, threshold, split, puzzles, act_steps, batch) for threshold in halt_at]
    else:
        early = [cut_short(evaluation, threshold) for threshold in halt_at]
    several = None
    if attempts > 1:
        several = evaluate_attempts(
            agent,
            data,
            attempts,
            search,
            threshold,
            split,
            count=puzzles,
            max_steps=act_steps,
            batch=batch,
            guesses=guesses,
            noise=noise,
            first=evaluation if reused else None,
        )
    print(describe(evaluation, early, several))
    final = several or evaluation
    if sources := by_source(data, split, final.exact[:, -1], final.solved[:, -1]):
        print("by source:", *source_lines(sources), sep="\n")
    where = {"run": run, "dataset": str(dataset), "dataset_checksum": data.attributes["checksum"]}
    numbers = {**where, **report(evaluation, early, several), "by_source": sources}
    if record:
        seconds = time.perf_counter() - start if several else None
        command = ["air-envs", *sys.argv[1:]]
        measured = evaluation_record(run, agent, data, evaluation, several, noise, command, seconds)
        print(f"record in {write_record(measured)}")
    if episodes:
        from agents.evaluation.episodes import play_evaluated

        judgement = play_evaluated(data, evaluation)
        print(judgement.in_environment)
        numbers |= judgement.summary()
    write_json(output, numbers)
    if output == Path(run) / EVALUATION:
        write_card(Path(run))
    title = f"{Path(run).name}: {len(evaluation.right):,} {split} puzzles of {agent.family.name}"
    picture = draw_evaluation(evaluation, output.with_suffix(".png"), early, title)
    print(f"numbers in {output}, picture in {picture}")


def _output(run: str, family: str) -> Path:
    """Where the numbers go: into the folder of a run, else where the user is, under the model's name."""
    from agents.checkpoints.folder import EVALUATION, load_config
    from agents.pretrained import find

    folder, model = find(run), Path(run)
    path = model / EVALUATION if model.is_dir() else Path(EVALUATION).with_stem(f"eval-{model.name}")
    own = folder is not None and load_config(folder).family == family
    return path if own else path.with_stem(f"{path.stem}-{family}")


def main(args: list[str]) -> None:
    """Run ``air-envs eval RUN DATASET``."""
    parse(evaluate_command, "air-envs eval", args)
