"""Configurations that somebody else has written, manifest and all: refused in one line, at once, or used."""

import dataclasses
import json
import math
import random
import re
from pathlib import Path

import pytest

from agents.checkpoints.folder import load_model
from agents.checkpoints.manifest import record
from agents.config.model import AIRConfig
from agents.config.training import TrainConfig, checked_json
from agents.training.trainer import Trainer
from tests.agents.checkpoints.hostile import HUGE, VALUES, nested, refused, refused_or_used


def configure(folder: Path, text: bytes) -> None:
    (folder / "config.json").write_bytes(text)
    record(folder, "config.json", "model.safetensors")


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(AIRConfig)])
def test_any_value_of_a_models_configuration(model: Path, field: str) -> None:
    """A value that does not change the weights, such as another number of cycles, is used."""
    right = json.loads((model / "config.json").read_text())
    for value in VALUES:
        configure(model, json.dumps(right | {field: value}).encode())
        refused_or_used(load_model, model)
    for value in (None, "x", math.nan, HUGE, [], {}):
        configure(model, json.dumps(right | {field: value}).encode())
        assert "config.json" in refused(load_model, model)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON: Expecting property name"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"[]", r"\[\], expected an object"),
        (b"3", "3, expected an object"),
        (b'{"format": 1, "hiden": 8}', "unknown field 'hiden'"),
        (b'{"format": 2}', "format 2, expected up to 1: a later version of air-envs wrote it"),
        (b'{"format": "one"}', "format 'one', expected 1"),
        (b'{"format": true}', "format True, expected 1"),
        (b'{"layers": 1.0}', r"layers 1\.0, expected an integer"),
        (b'{"layers": true}', "layers True, expected an integer"),
        (b'{"q_continue": 1}', "q_continue 1, expected true or false"),
        (b'{"family": "sudoku-7x7"}', "no Sudoku of 7x7"),
        (b'{"family": "maze-99999x99999"}', "no maze of 99999x99999"),
        (b'{"inject_l": 1' + b"0" * 400 + b"}", "inject_l 1.*, expected a finite number"),
        (b" " * 2_000_000, "2,000,000 bytes, expected at most 1,048,576"),
        (nested(), "nested too deeply"),
        (b'{"x' + b"x" * 100_000 + b'": 1}', "unknown field '"),
    ],
)
def test_what_is_no_configuration(model: Path, text: bytes, message: str) -> None:
    configure(model, text)
    error = refused(load_model, model)
    assert error.startswith(f"{model / 'config.json'}: ")
    assert re.search(message, error), error


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("hidden", 16_384),
        ("heads", 16_384),
        ("layers", 256),
        ("h_layers", 256),
        ("h_cycles", 256),
        ("l_cycles", 256),
        ("max_steps", 10_000),
        ("prefix", 4_096),
    ],
)
def test_sizes_are_bounded(field: str, most: int) -> None:
    with pytest.raises(ValueError, match=f"^{field} {most + 1}, expected at most {most:,}$"):
        AIRConfig(**{field: most + 1})


def test_a_model_of_the_largest_sizes_is_compared_before_it_is_made(model: Path) -> None:
    """Its weights would be 10 TB."""
    right = json.loads((model / "config.json").read_text())
    large = {"hidden": 16_384, "layers": 256, "h_layers": 256, "mixer": "attention", "prefix": 4_096}
    configure(model, json.dumps(right | large | {"family": "maze-255x255"}).encode())
    assert "model.safetensors: missing keys: f.0" in refused(load_model, model)


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrainConfig)])
def test_any_value_of_a_runs_configuration(run: Path, field: str, many: bool) -> None:
    right = json.loads((run / "train.json").read_text())
    unchecked = {name: value for name, value in right.items() if name != "checksum"}
    for values in (right, unchecked):
        for value in VALUES if many else random.Random(field).sample(VALUES, 4):
            (run / "train.json").write_text(json.dumps(values | {field: value}))
            if field == "output" and type(value) is str:  # the run lies where it lies
                assert Trainer.resume(run).config.output == run
            elif value != right[field]:
                message = refused(Trainer.resume, run)
                assert "train.json" in message
                assert field in message


def test_a_run_may_not_claim_another_configuration_by_its_own_checksum(run: Path) -> None:
    config = Trainer.resume(run).config
    for changes in ({"batch": 8}, {"seed": 1}, {"loss": "softmax"}, {"lr": 0.1}, {"eval_puzzles": 5}, {"ema": None}):
        (run / "train.json").write_text(checked_json(dataclasses.replace(config, **changes)))
        (name,) = changes
        assert f"train.json: {name} " in refused(Trainer.resume, run)
    model = dataclasses.replace(config.model, max_steps=3)
    (run / "train.json").write_text(checked_json(dataclasses.replace(config, model=model)))
    assert "train.json: model.max_steps 3, but the run was trained with 2" in refused(Trainer.resume, run)
