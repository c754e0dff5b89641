"""Weights and states of training that somebody else has written, manifest and all: refused in one line, or used."""

import math
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from agents.checkpoints.folder import load_model, load_training
from agents.checkpoints.manifest import record
from agents.training.trainer import Trainer
from tests.agents.checkpoints.hostile import HUGE, at, leaves, refused, refused_or_used, replaced, tensors


@pytest.mark.filterwarnings("ignore")
def test_any_weight_of_a_model(model: Path) -> None:
    right = load_file(model / "model.safetensors")
    for name, weight in right.items():
        wrong = tensors(weight)
        for what in ("int8", "bool", "complex", "nan", "infinite", "longer", "number"):
            save_file(right | {name: wrong[what]}, model / "model.safetensors")
            record(model, "config.json", "model.safetensors")
            assert f"model.safetensors: key {name} " in refused(load_model, model)
        without = {other: value for other, value in right.items() if other != name}
        save_file(without, model / "model.safetensors")
        record(model, "config.json", "model.safetensors")
        assert f"model.safetensors: missing keys: {name}" in refused(load_model, model)


def test_many_unexpected_weights_are_not_all_listed(model: Path) -> None:
    extra = {f"weight.{number:04}": torch.zeros(1) for number in range(500)}
    save_file(load_file(model / "model.safetensors") | extra, model / "model.safetensors")
    record(model, "config.json", "model.safetensors")
    expected = "unexpected keys: weight.0000, weight.0001, weight.0002 and 497 more"
    assert refused(load_model, model).endswith(expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.float32])
def test_floating_point_weights_become_float32(model: Path, dtype: torch.dtype) -> None:
    right = {name: value.to(dtype) for name, value in load_file(model / "model.safetensors").items()}
    save_file(right, model / "model.safetensors")
    record(model, "config.json", "model.safetensors")
    found = load_model(model).state_dict()
    assert all(
        value.dtype == torch.float32 and torch.equal(value, right[name].float()) for name, value in found.items()
    )


@pytest.mark.parametrize("data", [b"", b"\xff" * 8, b"\x02" + b"\0" * 7 + b"{}", b"\xff" * 7 + b"\x7f" + b"{}"])
def test_what_is_no_file_of_weights(model: Path, data: bytes) -> None:
    (model / "model.safetensors").write_bytes(data)
    record(model, "config.json", "model.safetensors")
    assert "model.safetensors: " in refused(load_model, model)


def set_state(run: Path, state: Any) -> None:
    torch.save(state, run / "training.pt")
    record(run, "config.json", "model.safetensors", "training.pt")


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.filterwarnings("ignore")
def test_any_value_of_a_training_state(run: Path, many: bool) -> None:
    """What of a state may be another is refused or used; of all the weights and moments, nothing else is used."""
    right, chosen = load_training(run, "cpu"), random.Random(0)
    for place in leaves(right):
        if place[0] == "config" or "param_groups" in place:
            continue
        value, name = at(right, place), str(place[0])
        if isinstance(value, torch.Tensor):
            wrong = tensors(value)
            for kind in wrong if many else [chosen.choice(list(wrong))]:
                set_state(run, replaced(right, place, wrong[kind]))
                if name in ("model", "average", "optimizers") and not (kind == "number" and value.ndim == 0):
                    assert "training.pt" in refused(Trainer.resume, run), (place, kind)
                else:
                    refused_or_used(Trainer.resume, run)
        else:
            others = (None, "x", -5, HUGE, math.nan, [], {}, torch.zeros(2))
            for other in others if many else chosen.sample(others, 2):
                set_state(run, replaced(right, place, other))
                refused_or_used(Trainer.resume, run)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("step",), -5, "step -5, expected 0 to 4"),
        (("step",), 5, "step 5, expected 0 to 4"),
        (("step",), 2.0, "step 2.0, expected 0 to 4"),
        (("step",), True, "step True, expected 0 to 4"),
        (("seconds",), math.nan, "seconds nan, expected a number of at least 0"),
        (("best",), [1.0], "best: 1 values, expected 2 values"),
        (("model",), {1: torch.zeros(1)}, "key 1, expected a name"),
        (("average",), None, "average: expected weights"),
        (("optimizers",), [], "optimizers: 0 values, expected 2 values"),
        (("optimizers", 0, "state"), {99: {}}, "optimizers.0.state 99, expected one of 10 parameters"),
        (("optimizers", 0, "state", 0), {}, "missing keys: optimizers.0.state.0.m, optimizers.0.state.0.step"),
        (("carries", 0, 2), torch.full((4, 16), 77, dtype=torch.uint8), "carries.0.2: token 77, expected up to 5"),
        (("carries", 0, 2), torch.zeros(4, 15, dtype=torch.uint8), r"carries.0.2: \(4, 15\) uint8, expected \(4, 16\)"),
        (("carries", 0, 4), torch.zeros(4), r"carries.0.4: \(4,\) float32, expected \(4,\) int32"),
        (("window",), [torch.zeros(3)] * 8, r"window of shape \(3,\), expected real numbers"),
        (("generator",), torch.zeros(9, dtype=torch.uint8), "generator: not the state of a random number generator"),
        (("generator",), torch.zeros(5056), "generator: not the state of a random number generator"),
        (("device",), 3, "device 3, expected text"),
        (("datasets",), ["x"], "was trained on another dataset than"),
        (("config",), "x", "config: "),
        ((), {"datasets": []}, "no config, expected the state of a training run"),
        (("config", "loss"), "zzz", "config: loss 'zzz', expected one of"),
    ],
)
def test_what_is_wrong_with_a_state_is_named(run: Path, place: tuple[Any, ...], value: Any, message: str) -> None:
    set_state(run, replaced(load_training(run, "cpu"), place, value))
    error = refused(Trainer.resume, run)
    assert re.search(message, error), error


class Code:
    def __reduce__(self) -> Any:
        return print, ("this must never run",)


@pytest.mark.parametrize("state", [Code(), {"step": Code()}, [1], torch.zeros(2), "x", None])
def test_what_is_no_state(run: Path, state: Any, capsys: pytest.CaptureFixture[str]) -> None:
    set_state(run, state)
    assert f"{run / 'training.pt'}: " in refused(Trainer.resume, run)
    assert "never" not in capsys.readouterr().out


def test_a_state_that_unpacks_to_more_than_its_size_is_not_unpacked(run: Path) -> None:
    whole = zipfile.ZipFile(run / "training.pt")
    data = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(run / "training.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in data.items():
            packed.writestr(name, content + b"\0" * 100_000)
    record(run, "config.json", "model.safetensors", "training.pt")
    assert "training.pt: not a torch file of weights: compressed" in refused(Trainer.resume, run)
