from pathlib import Path

import pytest
import torch

from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.models import devices
from agents.models.devices import pick_device, pick_dtype, prepare
from agents.training.processes import Processes
from agents.training.trainer import Trainer
from tests.agents.conftest import tiny_config

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("in_hardware", "faster", "dtype"),
    [(True, True, torch.bfloat16), (True, False, torch.float32), (False, True, torch.float32)],
)
def test_auto_is_bfloat16_only_where_the_processor_multiplies_it_faster(
    monkeypatch: pytest.MonkeyPatch, in_hardware: bool, faster: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: in_hardware)
    monkeypatch.setattr(devices, "_bfloat16_is_faster", lambda: faster)
    assert pick_dtype("auto", CPU) == dtype
    assert pick_dtype("bfloat16", CPU) == torch.bfloat16
    assert pick_dtype("float32", CPU) == torch.float32


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:2", 2)])
def test_a_cuda_device_is_made_current_by_its_number(monkeypatch: pytest.MonkeyPatch, name: str, index: int) -> None:
    """torch refuses to make "cuda" current, which has none."""
    current: list[object] = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda precision: None)
    prepare(torch.device(name))
    assert current == [index]


def test_a_run_remembers_what_auto_was(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert TrainConfig(dataset, tmp_path, AIRConfig()).dtype == "auto"
    Trainer(tiny_config(dataset, tmp_path / "run", dtype="auto", steps=2)).train(progress=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert Trainer.resume(tmp_path / "run").dtype == torch.float32


def test_all_processes_take_the_dtype_of_the_first(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "collect", lambda self, value: [torch.bfloat16, value])
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", dtype="auto"))
    assert trainer.dtype == trainer.tasks[0].carry.state.z_H.dtype == torch.bfloat16
    assert trainer.config.dtype == "bfloat16"


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="device 'tpu' is not available here"):
        pick_device("tpu")


def test_a_dtype_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"dtype 'float16', expected auto or one of \['bfloat16', 'float32'\]"):
        pick_dtype("float16", torch.device("cpu"))
