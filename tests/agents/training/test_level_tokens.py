"""Training a model with level tokens in bfloat16: what they are stored in, and that a run goes on bit for bit."""

import dataclasses
from pathlib import Path

import pytest
import torch

from agents.checkpoints.folder import load_model
from agents.training.trainer import Trainer
from benchmarks import level_tokens
from tests.agents.conftest import TINY, tiny_config
from tests.agents.training.runs import same, timeless, trained_in_two


@pytest.mark.parametrize("stored", ["run", "float32"])
@pytest.mark.parametrize("ema", [0.9, None])
def test_a_bfloat16_run_trains_its_tokens_and_resumes(
    dataset: Path, tmp_path: Path, stored: str, ema: float | None
) -> None:
    model = dataclasses.replace(TINY, level_token="addition", level_token_dtype=stored)
    fields = {"dtype": "bfloat16", "optimizer": "adam_atan2", "model": model, "ema": ema, "steps": 8}
    config = tiny_config(dataset, tmp_path / "whole", **fields)
    whole = Trainer(config)
    whole.train(progress=False)
    tokens = whole.model.level_tokens
    assert tokens is not None
    assert tokens.dtype == (torch.bfloat16 if stored == "run" else torch.float32)
    assert bool(tokens.any(1).all()), "both have moved off zero"
    assert {weight.dtype for weight in whole.trained_model.parameters() if weight is not tokens} == {torch.float32}

    parts = trained_in_two(config, tmp_path / "parts", 5)
    assert same(timeless(whole.state()), timeless(parts.state()))
    saved = load_model(tmp_path / "whole")
    assert saved.level_tokens is not None
    assert saved.level_tokens.dtype == torch.float32
    kept = whole.trained_model.level_tokens
    assert kept is not None
    assert torch.equal(saved.level_tokens, kept.float())


def test_the_benchmark_tells_from_where_on_updates_are_lost(capsys: pytest.CaptureFixture[str]) -> None:
    moves = {least: moved for least, _, _, moved in level_tokens.spacings(1e-4)}
    assert moves[2**-6]
    assert not moves[2**-5]
    level_tokens.main(steps=200)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| always -1 ")]
    assert rows == ["| always -1 | 200 | 0.0010 | 0.0010 | 0.0000 | 0.0014 |"]
