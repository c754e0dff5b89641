"""What takes minutes, by name: make slow."""

import shutil
from pathlib import Path

import pytest
import torch

from agents.checkpoints.folder import load_training
from agents.training.trainer import Trainer
from examples import demo
from tests.agents.conftest import tiny_config
from tests.agents.training.nudged import assert_weights_alike, train_nudged

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["sudoku-4x4-units", "sudoku-6x6"])
def test_presets_reach_their_targets(name: str, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(torch.multiprocessing.cpu_count())
    try:
        demo.demo(only=name, output=tmp_path)  # exits with 1 where the target is missed
    finally:
        torch.set_num_threads(threads)


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_compiled_training_follows_eager_training(dataset: Path, tmp_path: Path) -> None:
    configs = [
        tiny_config(dataset, tmp_path / compiled, compile=compiled, early_halting=False, random_act_steps=1)
        for compiled in ("off", "blocks", "reduce-overhead")
    ]
    for config in configs:
        Trainer(config).train(progress=False)
    runs = *(config.output for config in configs), train_nudged(configs[0], tmp_path / "nudged")
    exact, *found, nudged = (load_training(run, "cpu")["model"]["lm_head.weight"] for run in runs)
    for weights in found:
        assert_weights_alike(exact, weights, nudged)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_runs_and_resumes_on_cuda(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", device="cuda", dtype="bfloat16")
    Trainer(config).train(progress=False)
    resumed = Trainer.resume(tmp_path / "run")
    assert resumed.step == config.steps
    assert resumed.model.embedding.is_cuda
    saved = load_training(tmp_path / "run", "cuda")["model"]
    assert all(torch.equal(resumed.model.state_dict()[name], weight) for name, weight in saved.items())
