"""What takes minutes, by name: make slow."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from agents.checkpoints.folder import load_training
from agents.hub.packing import pack
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


def test_the_wheel_carries_the_three_packages_the_shipped_models_and_nothing_else(
    run: Path, dataset: Path, tmp_path: Path
) -> None:
    source, root = Path(__file__).parents[2], tmp_path / "source"
    for package in ("agents", "air_envs", "puzzles"):
        shutil.copytree(source / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(source / file, root)
    pack(run, root / "agents" / "pretrained" / "tiny", dataset)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(root)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"agents", "air_envs", "puzzles"}
    for package in ("agents", "air_envs", "puzzles"):
        here = {str(path.relative_to(root)) for path in (root / package).rglob("*.py")}
        assert here <= set(names)
        assert f"{package}/py.typed" in names
    shipped = {str(path.relative_to(root)) for path in (root / "agents" / "pretrained").glob("*/*")}
    assert "agents/pretrained/tiny/model.safetensors" in shipped
    assert shipped <= set(names)
