"""What is refused: configurations, folders, damaged files."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.kinds import TRAINING, WEIGHTS
from agents.rl.learning.runs import begin, resumed
from agents.rl.learning.training import train
from agents.rl.saved import load
from tests.agents.rl.small_runs import MAZE, SUDOKU, config, run


def test_runs_that_cannot_be_started_resumed_or_loaded_are_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=32)
    with pytest.raises(OccupiedError, match=r"holds rl\.json; --overwrite"):
        train(done, progress=False)
    with pytest.raises(ValueError, match=r"gamma 0\.5, but the run has 0\.99; a resumed run may change steps, "):
        resumed(done.output, {"gamma": 0.5})
    with pytest.raises(CheckpointError, match=r"none: no rl\.json, expected the folder of a run"):
        load(tmp_path / "none")
    early = config(tmp_path / "early")
    begin(early)  # and no more: killed
    with pytest.raises(CheckpointError, match=r"ended before its first checkpoint; start it again with --overwrite"):
        resumed(early.output, {})
    with pytest.raises(CheckpointError, match=r"the run has not reached its first checkpoint"):
        load(early.output)
    with pytest.raises(ValueError, match="found sudoku-4x4, expected a maze"):
        run(tmp_path / "maze", policy="neighbours")
    for task, message in (
        (dataclasses.replace(SUDOKU, id="air_envs/Nope-v0"), "task.id 'air_envs/Nope-v0', expected one of air_envs/Su"),
        (dataclasses.replace(SUDOKU, rows=4), "task.rows 4 with air_envs/Sudoku-v0, expected none"),
        (dataclasses.replace(MAZE, size=4), "task.size 4 with air_envs/Maze-v0, expected none"),
    ):
        with pytest.raises(ValueError, match=message):
            run(tmp_path / "task", task=task)


def test_a_configuration_that_cannot_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="batch 64, expected at most num_envs"):
        config(tmp_path, batch=64)
    for algorithm in ("ppo", "maskable_ppo"):
        for batch in (1, 31):
            message = (
                rf"batch {batch} of num_envs \* n_steps, 32, makes a gradient step of one board, expected 2 or more"
            )
            with pytest.raises(ValueError, match=message):
                config(tmp_path, algorithm=algorithm, batch=batch)
    assert config(tmp_path, algorithm="clone", batch=1).batch == 1
    with pytest.raises(ValueError, match="policy air without init_from"):
        config(tmp_path, policy="air")
    with pytest.raises(ValueError, match="freeze with policy units"):
        config(tmp_path, freeze=True)
    with pytest.raises(ValueError, match=r"lr 1e\+40, expected at most 1e\+30"):
        config(tmp_path, lr=1e40)
    with pytest.raises(ValueError, match=r"gamma 1\.5, expected 0 to 1"):
        config(tmp_path, gamma=1.5)


def test_a_damaged_run_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=32)
    path = done.output / "rl.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"hidden": 16}))
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS}: Error.* size mismatch"):
        load(done.output)
    path.write_text(json.dumps(values | {"hidden": "many"}))
    with pytest.raises(ValueError, match=r"rl\.json: hidden 'many', expected an integer"):
        load(done.output)
    path.write_text("null")
    with pytest.raises(ValueError, match=r"rl\.json: configuration None, expected an object of fields"):
        load(done.output)
    path.write_text(json.dumps(values))
    state = torch.load(done.output / TRAINING, weights_only=True)
    moments, shape = state["optimizer"]["state"], r"key optimizer.state.0.exp_avg of shape \(3,\), expected"
    for damaged, message in (
        (state | {"steps": -7}, "steps -7, expected an integer of 0 or more"),
        (state | {"steps": 32.0}, "steps 32.0, expected an integer of 0 or more"),
        (state | {"updates": True}, "updates True, expected an integer of 0 or more"),
        (state | {"seconds": float("nan")}, "seconds nan, expected a number of at least 0"),
        (state | {"episodes": [1.0]}, "episodes: 1 values, expected 4 values"),
        (state | {"config": "no"}, "config: not JSON"),
        (state | {"policy": {}}, "missing keys: policy.action_net"),
        (state | {"optimizer": {}}, "optimizer: expected the state of an optimizer"),
        (state | {"optimizer": {"state": {}}}, "optimizer.state is empty, expected that of 2 updates"),
        (state | {"optimizer": {"state": moments | {0: moments[0] | {"exp_avg": torch.zeros(3)}}}}, shape),
        (state | {"optimizer": {"state": {0: {}}}}, "missing keys: optimizer.state.0.exp_avg"),
        ([], "expected the state of a run of air-envs train-rl"),
    ):
        torch.save(damaged, done.output / TRAINING)
        with pytest.raises(CheckpointError, match=rf"training\.pt: {message}"):
            train(resumed(done.output, {"steps": 64}), resume=True, progress=False)
    for data in (b"", b"\x80\x02no"):
        (done.output / TRAINING).write_bytes(data)
        with pytest.raises(CheckpointError, match=r"training\.pt: not a torch file"):
            train(resumed(done.output, {"steps": 64}), resume=True, progress=False)
    (done.output / WEIGHTS).write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: "):
        load(done.output)
