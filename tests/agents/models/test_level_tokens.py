"""How level tokens start and what they are stored in: as the authors' by default, as formerly where that is stored."""

import dataclasses
import json

import pytest
import torch

from agents.config.model import AIRConfig, config_of, config_text, stored_fields
from agents.config.training import TrainConfig, checked_json, parse_train_config
from agents.models.air import AIR
from tests.agents.conftest import TINY

MODES = ("addition", "prepend-strip", "prepend-persist")


def built(**fields: object) -> AIR:
    torch.manual_seed(0)
    return AIR(dataclasses.replace(TINY, **fields))


@pytest.mark.parametrize("mode", MODES)
def test_they_start_from_zero_and_draw_nothing(mode: str) -> None:
    model = built(level_token=mode)
    assert model.level_tokens is not None
    assert model.level_tokens.shape == (2, TINY.hidden)
    assert not model.level_tokens.any()
    # A token before the sequence has positions of its own; all else is drawn as without.
    without = built().state_dict()
    for name, weight in model.state_dict().items():
        if name != "level_tokens" and not name.startswith("position."):
            assert torch.equal(weight, without[name]), name


def test_a_normal_start_has_standard_deviation_1() -> None:
    model = built(level_token="addition", level_token_start="normal", hidden=2048)
    assert model.level_tokens is not None
    assert float(model.level_tokens.detach().std()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("dtype", ["run", "float32"])
def test_they_are_stored_in_the_dtype_of_a_run(dtype: str) -> None:
    model = built(level_token="addition", level_token_dtype=dtype)
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    model.store_level_tokens(torch.bfloat16)
    expected = torch.bfloat16 if dtype == "run" else torch.float32
    assert model.level_tokens is not None
    assert (model.level_tokens.dtype, model.level_tokens.requires_grad) == (expected, True)
    others = {weight.dtype for name, weight in model.named_parameters() if name != "level_tokens"}
    assert others == {torch.float32}


def test_a_model_without_stores_nothing_else() -> None:
    model = built()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.store_level_tokens(torch.bfloat16)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_a_model_without_draws_what_it_always_has() -> None:
    """The sum and the first number of each weight as commit 4643f21 drew them, before tokens could start from zero."""
    found = {name: (float(weight.sum()), float(weight.flatten()[0])) for name, weight in built().state_dict().items()}
    assert found.keys() == DRAWN.keys()
    for name, values in DRAWN.items():
        assert found[name] == pytest.approx(values, rel=1e-5, abs=1e-5), name


@pytest.mark.parametrize("mode", MODES)
def test_what_was_stored_before_is_what_was_done_then(mode: str) -> None:
    fields = json.loads(config_text(dataclasses.replace(TINY, level_token=mode)))
    del fields["level_token_start"], fields["level_token_dtype"]
    config = config_of(fields)
    assert (config.level_token_start, config.level_token_dtype) == ("normal", "float32")
    train = json.loads(checked_json(TrainConfig(dataset="a.h5", output="b", model=config)))  # type: ignore[arg-type]
    del train["checksum"], train["model"]["level_token_start"], train["model"]["level_token_dtype"]
    assert parse_train_config(json.dumps(train).encode())[0].model == config


def test_what_is_stored_now_is_read_back() -> None:
    for start in ("zero", "normal"):
        config = dataclasses.replace(TINY, level_token="addition", level_token_start=start)
        assert config_of(json.loads(config_text(config))) == config
    old = {name: value for name, value in dataclasses.asdict(TINY).items() if not name.startswith("level_token_")}
    assert config_of(stored_fields(old)) == TINY, "without level tokens nothing is to be told"
    assert AIRConfig.variant("L2x_H2x+addition").level_token_start == "zero"


DRAWN = {
    "embedding": (-0.004798, -0.226258),
    "prefix": (0.000000, 0.000000),
    "H_init": (-2.488014, -0.742446),
    "L_init": (4.168092, -0.614076),
    "position.vectors": (31.322617, 0.334462),
    "f.0.mixer.qkv.weight": (-27.252937, -0.154756),
    "f.0.mixer.out.weight": (0.093799, -0.216975),
    "f.0.mlp.gate_up.weight": (-38.057903, -0.088917),
    "f.0.mlp.down.weight": (3.317922, -0.019750),
    "lm_head.weight": (7.090593, 0.127945),
    "q_head.weight": (0.000000, 0.000000),
    "q_head.bias": (-10.000000, -5.000000),
}
