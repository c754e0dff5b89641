"""A finished run as a small folder to give away: weights in bfloat16, model card, options of its generator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

import puzzles as families
from agents.checkpoints.chain import CHAIN
from agents.checkpoints.compression import MAX_BYTES
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import BEST_EVALUATION, load_model, save_model
from agents.checkpoints.kinds import BEST, WEIGHTS, require_replaceable
from agents.checkpoints.manifest import read_checked, read_object
from agents.checkpoints.replacing import replacing_folder
from agents.config.model import CARD, OPTIONS
from agents.config.reading import shown
from agents.config.training import read_train_config
from agents.data.batches import open_dataset
from agents.evaluation import evaluate
from agents.evaluation.records import check_unseen
from agents.hub.cards import evaluation_of, model_card
from agents.hub.generator import generator_options, require_options
from agents.models.devices import pick_device
from agents.pretrained import FOLDER, OWNER
from agents.thinking.agent import AIRAgent


def pack(
    run: Path,
    output: Path,
    dataset: Path | None = None,
    puzzles: int | None = None,
    device: str = "auto",
    best: bool = False,
    generator: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the folder ``output``, whole or not at all, from the newest weights of a run.

    The weights of a shipped model, in ``agents/pretrained``, are compressed. Elsewhere they are plain safetensors.

    Args:
        run: folder of a training run.
        output: a new folder; in ``agents/pretrained`` it ships with the package, under its own name.
        dataset: measure the weights, as they are after rounding, on its test split, for the card; None takes over what
            was measured of the run, in full precision: by ``air-envs eval``, else at the end of its training.
        puzzles: of the dataset, from the first on; None takes all.
        device: to measure on.
        best: take the weights that did best when training measured them, in place of the newest. They were chosen by
            those puzzles, so others have to measure them.
        generator: options of the generator that makes puzzles of the kind it was trained on, for ``generator.json``;
            None takes those of its dataset, and none where that was imported.
        overwrite: replace the pack or model that ``output`` holds; never a run.

    Returns:
        The measured numbers on the card.

    Raises:
        CheckpointError: no such checkpoint, or a damaged one.
        ValueError: a file above ``MAX_BYTES``, a dataset of another family, none, or that of the training, for the best
            weights, no accuracy to put on the card, one of puzzles that the run or one before it trained or selected
            on, or no options of the family's generator.
        FileExistsError: something is at ``output`` already.
    """
    require_replaceable(output, overwrite, "pack", "model")
    if best and (dataset is None or dataset.resolve() == _training_data(run)):
        raise ValueError(f"{dataset or 'no dataset'}: expected one that the best weights were not chosen by")
    model = load_model(run / BEST if best else run)
    options = generator_options(run) if generator is None else generator
    require_options(options, families.family(model.config.family))
    shipped = output.resolve().parent == FOLDER
    with replacing_folder(output) as folder:
        beside = {OPTIONS: json.dumps(options, indent=2).encode() + b"\n"}
        if (run / CHAIN).is_file():
            beside[CHAIN] = read_checked(run, CHAIN)
        save_model(model, folder, torch.bfloat16, beside, compressed=shipped)
        if not shipped:
            _check_size(folder / WEIGHTS)
        results = _measured(folder, dataset, puzzles, device) if dataset else evaluation_of(run)
        if results is None:
            raise ValueError(f"{run}: no accuracy for the card, expected a run that was evaluated, or a dataset")
        known = check_unseen(str(run), results["dataset"], results.get("dataset_checksum"), results["split"])
        note = _choice(run) if best else "" if dataset else " Measured before the weights were rounded to bfloat16."
        if not known:
            note += " Which datasets the run and those before it were trained and selected on is not recorded."
        name = f"{OWNER}/{output.name}" if shipped else None
        (folder / CARD).write_text(str(model_card(model.config, run, results, name, note)), encoding="utf-8")
    return results


def _training_data(run: Path) -> Path | None:
    train = read_train_config(run)
    return train.dataset.resolve() if train else None


def _choice(run: Path) -> str:
    step = read_object(run / BEST, BEST_EVALUATION).get("step")
    if type(step) is not int:
        raise CheckpointError(f"{run / BEST / BEST_EVALUATION}: step {shown(step)}, expected a number of steps")
    return f" The weights are those of step {step:,}, the best ones measured in training, on other puzzles."


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{path.name}: {size / 2**20:.1f} MiB, expected at most {MAX_BYTES >> 20} MiB")


def _measured(folder: Path, dataset: Path, puzzles: int | None, device: str) -> dict[str, Any]:
    agent = AIRAgent(load_model(folder, pick_device(device)))
    data = open_dataset(dataset, agent.family.name)
    where = {"dataset": dataset.stem, "dataset_checksum": data.attributes["checksum"]}
    return evaluate(agent, data, count=puzzles).summary() | where
