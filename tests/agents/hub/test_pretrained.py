"""Models by name, and the folders that ``air-envs pack`` makes to ship them."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load

import agents.pretrained as pretrained
import puzzles
from agents import AIRAgent
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, save_model
from agents.checkpoints.kinds import COMPRESSED_WEIGHTS, WEIGHTS
from agents.checkpoints.manifest import read_checked, read_manifest
from agents.cli import main
from agents.config.presets import PRESETS
from agents.config.recipes import RECIPES
from agents.evaluation import evaluate
from agents.hub import packing
from agents.hub.generator import fresh_puzzle, generator_options
from agents.hub.packing import pack
from agents.models.air import AIR
from agents.pretrained import find
from agents.training.trainer import Trainer
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.cli.test_commands import fails
from tests.agents.conftest import TINY, tiny_config

CLUES = 15


@pytest.fixture(scope="module")
def easy_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4x4 Sudoku with one blank, which a tiny model learns in seconds."""
    path, family = tmp_path_factory.mktemp("data") / "easy.h5", puzzles.family("sudoku-4x4")
    return build_dataset(path, family, family.Options(clues=CLUES), train=200, test=40, progress=False).path


@pytest.fixture(scope="module")
def easy_run(easy_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("runs") / "easy"
    model = dataclasses.replace(TINY, hidden=64, max_steps=1, gradient="LLHLLH", q_continue=False)
    changes = {
        "model": model,
        "steps": 200,
        "batch": 32,
        "lr": 2e-3,
        "weight_decay": 0.1,
        "warmup": 10,
        "eval_every": 200,
        "ema": None,
    }
    Trainer(tiny_config(easy_dataset, output, optimizer="adamw", loss="softmax", **changes)).train(progress=False)
    return output


@pytest.fixture(scope="module")
def shelf(easy_run: Path, easy_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of shipped models that holds one, "easy"."""
    folder = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "FOLDER", folder)
        pack(easy_run, folder / "easy", easy_dataset)
    return folder


@pytest.fixture
def _shipped(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``shelf`` holds is shipped, and the working directory is empty."""
    monkeypatch.setattr(pretrained, "FOLDER", shelf)
    monkeypatch.chdir(tmp_path)


def test_a_packed_run_is_rounded_small_and_still_solves(shelf: Path, easy_run: Path, easy_dataset: Path) -> None:
    folder = shelf / "easy"
    assert {file.name for file in folder.iterdir()} == {
        "README.md", "chain.json", "config.json", "generator.json", "manifest.json", "model.safetensors.xz"
    }  # fmt: skip
    weights = load(read_checked(folder, "model.safetensors"))
    assert {value.dtype for value in weights.values()} == {torch.bfloat16}
    original = load_model(easy_run).state_dict()
    loaded = load_model(folder).state_dict()
    for name, value in original.items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], value.bfloat16().float())
    before, after = (
        evaluate(AIRAgent.from_pretrained(place), Dataset(easy_dataset), progress=False).accuracy
        for place in (easy_run, folder)
    )
    assert before > 0.5
    assert after > before - 0.1


def test_the_card_tells_the_accuracy_of_the_rounded_weights(shelf: Path, easy_dataset: Path) -> None:
    card = ModelCard.load(shelf / "easy" / "README.md")
    accuracy = evaluate(AIRAgent.from_pretrained(shelf / "easy"), Dataset(easy_dataset), progress=False).accuracy
    (result,) = card.data.eval_results
    assert (result.metric_value, result.dataset_name) == (round(accuracy, 6), "easy")
    assert f"{accuracy:.1%} of 40 test puzzles of `easy` exactly right" in card.text
    assert "before the weights were rounded" not in card.text
    assert 'AIRAgent.from_pretrained("air_envs/easy")' in card.text
    assert "air-envs watch air_envs/easy" in card.text
    assert "air-envs train --dataset data/easy.h5 --output runs/easy" in card.text
    assert str(easy_dataset.parent) not in card.content


def test_a_card_never_tells_what_the_run_was_selected_on(tmp_path: Path, easy_run: Path, easy_dataset: Path) -> None:
    run = Path(shutil.copytree(easy_run, tmp_path / "run"))
    with pytest.raises(ValueError, match=r"easy: run easy trained or selected on its validation split"):
        pack(run, tmp_path / "copy")
    main(["eval", str(run), str(easy_dataset), "--split", "train", "--no-episodes"])
    with pytest.raises(ValueError, match=r"easy: run easy trained or selected on its train split, expected puzzles"):
        pack(run, tmp_path / "copy")
    chain = json.loads((run / "chain.json").read_text(encoding="utf-8"))
    checksum = Dataset(easy_dataset).attributes["checksum"]
    before = {"name": "older", "checksum": checksum, "splits": ["test"], "set_aside": ""}
    longer = json.dumps([{"run": "before", "datasets": [before]}, *chain])
    (run / "chain.json").write_text(longer, encoding="utf-8")
    with pytest.raises(ValueError, match=r"easy: run before trained or selected on its test split"):
        pack(run, tmp_path / "copy", easy_dataset)
    assert not (tmp_path / "copy").exists()


def test_a_card_says_where_the_chain_is_not_known(tmp_path: Path, easy_run: Path, easy_dataset: Path) -> None:
    run = Path(shutil.copytree(easy_run, tmp_path / "run"))
    (run / "chain.json").unlink()
    pack(run, tmp_path / "copy", easy_dataset)
    text = (tmp_path / "copy" / "README.md").read_text(encoding="utf-8")
    assert "Which datasets the run and those before it were trained and selected on is not recorded." in text


def test_the_card_takes_over_what_was_measured_of_the_run(tmp_path: Path, easy_run: Path, easy_dataset: Path) -> None:
    run = Path(shutil.copytree(easy_run, tmp_path / "run"))
    main(["eval", str(run), str(easy_dataset), "--no-episodes"])
    results = pack(run, tmp_path / "copy")
    card = ModelCard.load(tmp_path / "copy" / "README.md")
    measured = json.loads((run / "eval.json").read_text(encoding="utf-8"))
    assert results["exact_accuracy"] == measured["exact_accuracy"]
    assert [result.metric_value for result in card.data.eval_results] == [round(measured["exact_accuracy"], 6)]
    assert "Measured before the weights were rounded to bfloat16." in card.text
    assert "is not recorded" not in card.text
    assert "this folder or its name on the hub" in card.text


@pytest.mark.usefixtures("_shipped")
def test_commands_take_the_short_name(
    easy_dataset: Path, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((shelf / "easy").iterdir())
    main(["watch", "easy", "--output", str(tmp_path / "out" / "easy")])
    assert (tmp_path / "out" / "easy.gif").is_file()
    main(["eval", "easy", str(easy_dataset), "--puzzles", "5", "--no-episodes", "--halt-at", "0.5"])
    out = capsys.readouterr().out
    assert "5 test puzzles" in out
    assert out.endswith("numbers in eval-easy.json, picture in eval-easy.png\n")
    assert json.loads((tmp_path / "eval-easy.json").read_text(encoding="utf-8"))["puzzles"] == 5
    assert (tmp_path / "eval-easy.png").is_file()
    assert sorted((shelf / "easy").iterdir()) == before, "nothing is written among installed files"
    found = fails(["export-checkpoint", "easy", "--output", str(tmp_path / "theirs")], capsys)
    assert "position 'structured' has no place" in found, "the model was found, though their layout lacks this"


def test_a_model_is_posed_puzzles_of_its_own_kind(shelf: Path, easy_run: Path, run: Path, tmp_path: Path) -> None:
    family = puzzles.family("sudoku-4x4")
    for folder in (shelf / "easy", easy_run):
        assert generator_options(folder) == {"level": None, "clues": CLUES, "clues_max": None}
        assert all(np.count_nonzero(fresh_puzzle(family, seed, folder)) == CLUES for seed in range(5))
    assert generator_options(tmp_path) == {}
    clues = {np.count_nonzero(fresh_puzzle(family, seed)) for seed in range(20)}
    assert len(clues) > 1
    (tmp_path / "generator.json").write_text('{"walls": 3}')
    with pytest.raises(CheckpointError, match=r"'walls': 3.*sudoku-4x4"):
        fresh_puzzle(family, 0, tmp_path)
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=f"seed {seed}"):
            fresh_puzzle(family, seed)


def test_another_shape_than_the_trained_one_is_posed_what_it_can_be(tmp_path: Path) -> None:
    extreme = find("sudoku-extreme")
    assert fresh_puzzle(puzzles.family("sudoku-6x6"), 0, extreme).shape == (6, 6)  # which has no level
    (tmp_path / "config.json").write_text('{"family": "sudoku-6x6"}')
    (tmp_path / "generator.json").write_text('{"level": "extreme"}')
    with pytest.raises(puzzles.PuzzleError, match="level 'extreme' at side 6"):
        fresh_puzzle(puzzles.family("sudoku-6x6"), 0, tmp_path)


def test_packing_refuses_what_it_cannot_vouch_for(
    tmp_path: Path, easy_run: Path, maze_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    with pytest.raises(ValueError, match="holds maze-7x5, the model is for sudoku-4x4"):
        pack(easy_run, output, maze_dataset)
    untold = tmp_path / "untold"
    save_model(AIR(TINY), untold)
    with pytest.raises(ValueError, match="no accuracy for the card"):
        pack(untold, output)
    with monkeypatch.context() as patch:
        patch.setattr(packing, "MAX_BYTES", 10_000)
        with pytest.raises(ValueError, match=r"model\.safetensors: .* MiB, expected at most"):
            pack(easy_run, output)
    assert [path.name for path in tmp_path.iterdir()] == ["untold"]
    (output / "mine").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="expected a new folder"):
        pack(easy_run, output)


def test_the_best_weights_are_measured_on_puzzles_they_were_not_chosen_by(
    tmp_path: Path, easy_run: Path, easy_dataset: Path
) -> None:
    with pytest.raises(ValueError, match=r"^no dataset: expected one that the best weights were not chosen by$"):
        pack(easy_run, tmp_path / "out", best=True)
    with pytest.raises(ValueError, match=f"^{easy_dataset}: expected one"):
        pack(easy_run, tmp_path / "out", easy_dataset, best=True)
    other = shutil.copy(easy_dataset, tmp_path / "other.h5")
    pack(easy_run, tmp_path / "out", other, puzzles=5, best=True)
    assert "of 5 test puzzles" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "weights are those of step 200, the best ones" in (tmp_path / "out" / "README.md").read_text(
        encoding="utf-8"
    )
    packed, best = load_model(tmp_path / "out"), load_model(easy_run / "best")
    torch.testing.assert_close(packed.embedding, best.embedding, atol=0.01, rtol=0.01)


def test_what_is_shipped_here_is_whole_and_fits() -> None:
    for name in pretrained.shipped_models():
        folder = pretrained.FOLDER / name
        assert all(file.stat().st_size <= packing.MAX_BYTES for file in folder.iterdir())
        assert (read_manifest(folder) or {}).keys() == {"config.json", "generator.json", WEIGHTS}
        assert (folder / COMPRESSED_WEIGHTS).is_file()
        assert not (folder / WEIGHTS).exists(), "air-envs pack compresses what it writes here"
        agent = AIRAgent.from_pretrained(f"air_envs/{name}")
        assert fresh_puzzle(agent.family, 0, folder).shape == agent.family.shape
        assert ModelCard.load(folder / "README.md").data.eval_results
        options = agent.family.Options(**generator_options(folder))
        assert options == agent.family.Options(**RECIPES[PRESETS[name].dataset.stem].evaluation_options), (
            "its puzzles are those it was trained on"
        )


def test_the_command_says_what_it_packed(
    tmp_path: Path, easy_run: Path, easy_dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "given"
    main(["pack", str(easy_run), "--output", str(out), "--dataset", str(easy_dataset), "--puzzles", "20"])
    assert re.search(rf"^{out}: 0\.\d\d MB, exact accuracy \d+\.\d% on the card$", capsys.readouterr().out.strip())
    assert "of 20 test puzzles" in (out / "README.md").read_text(encoding="utf-8")
    moved = Path(shutil.move(out, tmp_path / "moved"))
    assert AIRAgent.from_pretrained(moved).model.config == load_model(easy_run).config
