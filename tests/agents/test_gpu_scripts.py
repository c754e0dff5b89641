"""The scripts of benchmarks/gpu.sh at toy size on the CPU."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from agents.checkpoints.folder import load_training
from agents.config.training import read_train_config
from agents.data.batches import open_dataset
from agents.evaluation import evaluate
from agents.hub.packing import MAX_BYTES
from agents.models.cost import count_parameters
from agents.pretrained import load_pretrained
from agents.thinking.agent import AIRAgent
from benchmarks import gpu_data
from benchmarks.gpu import Bench
from benchmarks.gpu_run import PLANS, Plan, interrupt_after, train
from tests.agents.conftest import tiny_config

ROOT = Path(__file__).parents[2]
ABSENT = ("gymnasium", "pygame", "stable_baselines3", "sb3_contrib", "tyro")
"""What a machine with a GPU may lack."""


def test_a_call_ends_in_time_and_the_next_goes_on(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", steps=100_000, log_every=10, eval_every=50_000)
    asked = Plan(config, 0, (), 1)
    start = time.monotonic()
    assert not train(asked, minutes=10, seconds=1.5)
    assert time.monotonic() - start < 20
    stopped = load_training(config.output, "cpu")["step"]
    assert 0 < stopped < config.steps
    assert train(asked, minutes=1.5 / 60, seconds=600), "the run has had its minutes"
    assert load_training(config.output, "cpu")["step"] >= stopped
    assert train(asked, minutes=0, seconds=600), "nothing is left to do"


def test_a_cosine_ends_about_when_the_minutes_do(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", steps=100_000, schedule="cosine", log_every=10, eval_every=50_000)
    assert train(Plan(config, 0, (), 1), minutes=6 / 60, seconds=600)
    planned = read_train_config(config.output)
    assert planned is not None
    assert planned.steps < config.steps
    assert load_training(config.output, "cpu")["step"] > planned.steps / 2


def test_a_run_ends_with_its_steps(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run")
    assert train(Plan(config, 0, (), 1), minutes=10, seconds=600)
    assert load_training(config.output, "cpu")["step"] == config.steps


def test_the_alarm_is_a_ctrl_c_and_is_put_away() -> None:
    with pytest.raises(KeyboardInterrupt), interrupt_after(0.05) as rung:
        time.sleep(5)
    assert rung
    with interrupt_after(0.05) as rung:
        pass
    time.sleep(0.1)
    assert not rung


def test_every_plan_has_what_it_needs() -> None:
    script = (ROOT / "benchmarks" / "gpu.sh").read_text()
    names = " ".join(re.findall(r'^(?:PAPER_)?RUNS="(.*)"$', script, re.MULTILINE)).split()
    assert set(names) == PLANS.keys()
    for asked in PLANS.values():
        assert asked.config.init_from is None or load_pretrained(asked.config.init_from)
        assert {asked.config.dataset.stem, *asked.tests} <= gpu_data.DATASETS.keys()


@pytest.mark.parametrize("name", ["sudoku-extreme", "maze-hard"])
def test_the_best_models_can_be_shipped(name: str) -> None:
    assert 2 * count_parameters(PLANS[name].config.model) < MAX_BYTES, "in bfloat16"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_the_papers_size_asks_for_a_gpu() -> None:
    with pytest.raises(ValueError, match=r"device cpu, expected CUDA; --tiny"):
        Bench(tiny=False, folder=Path())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_the_whole_list_runs_in_calls_and_leaves_everything(tmp_path: Path) -> None:
    """Without the packages that a machine with a GPU may lack."""
    for name in ABSENT:
        (tmp_path / "absent").mkdir(exist_ok=True)
        (tmp_path / "absent" / f"{name}.py").write_text(f"raise ImportError('{name} is not here')\n")
    environment = {key: value for key, value in os.environ.items() if key != "AIR_ENVS_DATA"} | {
        "TINY": "1",
        "OUT": str(tmp_path / "out"),
        "WORK": str(tmp_path / "work"),
        "PYTHON": sys.executable,
        "FLOAT8": "sudoku-extreme-1k",
        "PYTHONPATH": str(tmp_path / "absent"),
    }

    def call(**changes: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(ROOT / "benchmarks" / "gpu.sh")]
        return subprocess.run(command, env=environment | changes, capture_output=True, text=True)

    short = call(LIMIT="5")
    assert short.returncode == 75, short.stdout
    assert "NOT DONE: bench-step goes on with the next call" in short.stdout
    whole = call()
    assert whole.returncode == 0, whole.stdout
    assert whole.stdout.endswith(f"DONE: {tmp_path / 'out' / 'SUMMARY.md'}\n")

    subprocess.run("cat results.tar.gz.* | tar xz", shell=True, cwd=tmp_path / "out", check=True)
    results = tmp_path / "out" / "results"
    summary = (tmp_path / "out" / "SUMMARY.md").read_text()
    assert summary == (results / "SUMMARY.md").read_text()
    rows = json.loads((results / "bench-step.json").read_text())["rows"]
    for row in rows:
        assert f"| {row['what']} |" in summary
        assert row["met"] is None, "nothing is judged at toy size"
    for name, asked in PLANS.items():
        trained = read_train_config(results / name)
        assert trained is not None
        assert trained.float8 == (name == "sudoku-extreme-1k")
        agent = AIRAgent.from_pretrained(results / name)
        assert agent.model.embedding.dtype == torch.float32
        found = json.loads((results / name / "eval.json").read_text())
        data = open_dataset(tmp_path / "work" / "data" / found["dataset"], asked.config.model.family)
        again = evaluate(agent, data, max_steps=found["act_steps"], progress=False)
        assert again.summary()["cell_accuracy"] == pytest.approx(found["cell_accuracy"], abs=0.02)
        assert f"| {name} | {found['puzzles']:,} of {Path(found['dataset']).stem} |" in summary
        assert (results / name / "analysis" / "freeze.json").is_file()
        for file in ("eval.png", "curve.png", "metrics.jsonl", "train.json", "README.md"):
            assert (results / name / file).stat().st_size > 0

    before = (tmp_path / "work" / "runs" / "maze-hard" / "model.safetensors").stat().st_mtime_ns
    again = call()
    assert again.stdout == f"DONE: {tmp_path / 'out' / 'SUMMARY.md'}\n", "everything is done already"
    assert (tmp_path / "work" / "runs" / "maze-hard" / "model.safetensors").stat().st_mtime_ns == before
    broken = call(STAGES="evaluate-nothing")
    assert broken.returncode == 1
    assert "FAILED: evaluate-nothing" in broken.stdout
    unknown = call(STAGES="nonsense")
    assert unknown.returncode == 2
    assert "no stage nonsense, expected some of: bench-step" in unknown.stderr
