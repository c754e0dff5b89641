"""Published folders in, our folders out, and back."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from agents.checkpoints.folder import load_model
from agents.checkpoints.published.layouts import from_authors, layout, to_authors
from agents.checkpoints.published.reading import OUR_SECTION, PublishedError, load_published
from agents.checkpoints.published.writing import save_published, settings
from agents.cli import main
from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from tests.agents.precision import assert_golden
from tests.agents.reference import as_tensors, random_weights

ARCH = {
    "name": "hrm.hrm_act_v1@HierarchicalReasoningModel_ACTV1",
    "H_cycles": 2,
    "L_cycles": 2,
    "H_layers": 2,
    "L_layers": 2,
    "hidden_size": 32,
    "num_heads": 2,
    "expansion": 4,
    "pos_encodings": "rope",
    "halt_max_steps": 16,
    "halt_exploration_prob": 0.1,
    "puzzle_emb_ndim": 32,
    "forward_dtype": "bfloat16",
}
SMALL = {"family": "sudoku-4x4", "hidden": 32, "heads": 2, "layers": 2}
LAYOUTS = {
    "AIR": ({"f_level": 2}, {"name": "air.air_Lx_H@AIR"}, AIRConfig(**SMALL)),
    "HRM": ({"L_level": 2, "H_level": 2}, {}, AIRConfig(**SMALL, h_layers=2)),
    "TRM": (
        {"L_level": 2},
        {"H_cycles": 3, "L_cycles": 6, "H_layers": 0, "puzzle_emb_len": 16, "no_ACT_continue": True, "mlp_t": False},
        AIRConfig.variant("TRM", **SMALL),
    ),
}


def publish(folder: Path, weights: dict[str, torch.Tensor], file: str = "step_100", **arch: Any) -> Path:
    folder.mkdir(exist_ok=True)
    values = {key: value for key, value in (ARCH | arch).items() if value is not None}
    content = {"arch": values, "data_path": "data/sudoku-4x4-1k", "lr": 1e-4}
    (folder / "all_config.yaml").write_text(yaml.safe_dump(content))
    torch.save(weights, folder / file)
    return folder


@pytest.mark.parametrize("prefix", ["", "_orig_mod.", "model.", "_orig_mod.model."])
@pytest.mark.parametrize("code", LAYOUTS)
def test_a_published_folder_becomes_a_model(tmp_path: Path, code: str, prefix: str) -> None:
    layers, arch, expected = LAYOUTS[code]
    weights = as_tensors(random_weights(layers=layers))
    model = load_published(publish(tmp_path, {prefix + key: value for key, value in weights.items()}, **arch))
    assert model.config == expected
    assert torch.equal(model.prefix, weights["inner.puzzle_emb.weights"])
    network = "f_level" if code == "AIR" else "L_level"
    assert torch.equal(model.f[1].mixer.out.weight, weights[f"inner.{network}.layers.1.self_attn.o_proj.weight"])
    assert (
        model.f_H[1].mlp.down.weight.equal(weights["inner.H_level.layers.1.mlp.down_proj.weight"])
        if code == "HRM"
        else not len(model.f_H)
    )


def test_the_golden_weights_make_the_trip(real_data: Path, tmp_path: Path) -> None:
    """From the authors' names to a folder of ours by the command, to theirs and back: the same logits."""
    golden = np.load(real_data / "golden" / "air_Lx_H.npz")
    weights = {
        key.removeprefix("weight/"): torch.from_numpy(golden[key]) for key in golden.files if key.startswith("weight/")
    }
    arch = {"hidden_size": 64, "num_heads": 4, "puzzle_emb_ndim": 64}
    published = publish(tmp_path / "published", weights, "checkpoint", **arch)
    main(["import-checkpoint", str(published), "--output", str(tmp_path / "run"), "--family", "sudoku-9x9"])
    main(["export-checkpoint", str(tmp_path / "run"), "--output", str(tmp_path / "back")])
    back = torch.load(tmp_path / "back" / "step_0", weights_only=True)
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)
    agent = AIRAgent.from_pretrained(tmp_path / "run")
    assert_golden(agent.model, torch.from_numpy(golden["inputs"]), golden)


@pytest.mark.parametrize(
    "config",
    [
        AIRConfig(**SMALL),
        AIRConfig.variant("L2x_H2x+addition", **SMALL),
        AIRConfig.variant("L2x_H2x+prepend-strip", **SMALL),
        AIRConfig.variant("L2x_H2x+prepend-persist", **SMALL, gradient="LLHLLH"),
        AIRConfig.variant("Lx_Hx+nonlinear", **SMALL),
        AIRConfig.variant("hadamard", **SMALL, q_continue=False),
        AIRConfig.variant("HRM", **SMALL | {"h_layers": 1, "position": "learned"}),
        AIRConfig.variant("TRM", **SMALL),
        AIRConfig.variant("TRM-MLP", **SMALL),
        AIRConfig(**SMALL, inject_l=0.5, inject_h=2, prefix=3, prefix_learned=2, max_steps=5),
        AIRConfig(**SMALL, prefix=0, prefix_learned=0),
    ],
    ids=lambda config: layout(config),
)
def test_exports_come_back_identical(tmp_path: Path, config: AIRConfig) -> None:
    torch.manual_seed(0)
    model = AIR(config)
    torch.nn.init.normal_(model.prefix)
    save_published(model, tmp_path)
    again = load_published(tmp_path)
    assert again.config == config
    found, expected = again.state_dict(), model.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize(
    "name", ["L2x_H2x", "nonlinear", "L2x_H2x+prepend-persist", "HRM", "TRM", "TRM-MLP", "L_Hx+addition"]
)
def test_the_arch_section_alone_tells_the_same(tmp_path: Path, name: str) -> None:
    """Without our own section, only what the variant's name says has to be given."""
    config = AIRConfig.variant(name, **SMALL | {"h_layers": 2 if name == "HRM" else 0})
    torch.manual_seed(0)
    save_published(AIR(config), tmp_path)
    content = settings(config)
    assert content.pop(OUR_SECTION) == dataclasses.asdict(config)
    (tmp_path / "all_config.yaml").write_text(yaml.safe_dump(content))
    assert load_published(tmp_path, variant=None if name in ("HRM", "TRM", "TRM-MLP") else name).config == config


@pytest.mark.parametrize(
    ("arch", "weights", "fields"),
    [
        ({"name": "hrm.hrm_L2x_H2x@HRM"}, {}, {"inject_l": 2, "inject_h": 2}),
        ({"name": "hrm.hrm_L_H2x_v1@HRM"}, {}, {"inject_l": 0, "inject_h": 2}),
        ({"name": "air.nonlinear@AIR"}, {"g_input.weight": (32, 32)}, {"operator": "nonlinear"}),
        ({"name": "air.air_linear@AIR"}, {"g_input.weight": (32, 32)}, {"operator": "linear"}),
        (
            {"name": "air.L2x_H2x_prepend_strip@AIR"},
            {"input_token_H": (1, 1, 32), "input_token_L": (1, 1, 32)},
            {"inject_l": 2, "inject_h": 2, "level_token": "prepend-strip"},
        ),
        ({"no_ACT_continue": True, "halt_max_steps": 8}, {}, {"q_continue": False, "max_steps": 8}),
        ({"puzzle_emb_ndim": 64}, {"puzzle_emb.weights": (1, 64)}, {"prefix": 2, "prefix_learned": 2}),
        ({"puzzle_emb_ndim": 0}, {"puzzle_emb.weights": None}, {"prefix": 0, "prefix_learned": 0}),
    ],
)
def test_settings_are_understood(tmp_path: Path, arch: dict, weights: dict, fields: dict) -> None:
    content = as_tensors(random_weights()) | {
        f"inner.{key}": torch.ones(shape) for key, shape in weights.items() if shape
    }
    content = {key: value for key, value in content.items() if weights.get(key.removeprefix("inner."), 0) is not None}
    assert load_published(publish(tmp_path, content, **arch)).config == AIRConfig(**SMALL | fields)


def test_bfloat16_weights_and_recomputed_buffers_are_read(tmp_path: Path) -> None:
    """The authors keep the initial states in the forward dtype, and older torch saved the rotary tables."""
    weights = as_tensors(random_weights())
    content = weights | {"inner.rotary_emb.cos_cached": torch.ones(17, 16)}
    content |= {key: weights[key].bfloat16() for key in ("inner.H_init", "inner.L_init")}
    model = load_published(publish(tmp_path, content))
    assert model.H_init.dtype == torch.float32
    assert torch.equal(model.H_init, weights["inner.H_init"].bfloat16().float())


def test_the_highest_step_is_taken_or_the_file_named(tmp_path: Path) -> None:
    weights = as_tensors(random_weights())
    publish(tmp_path, weights, "step_99")
    publish(tmp_path, weights | {"inner.H_init": torch.zeros(32)}, "step_100")
    assert torch.all(load_published(tmp_path).H_init == 0)
    assert not torch.all(load_published(tmp_path / "step_99").H_init == 0)
    publish(tmp_path / "two", weights, "a")
    publish(tmp_path / "two", weights, "b")
    with pytest.raises(PublishedError, match="torch files a, b, expected one, or step_N"):
        load_published(tmp_path / "two")


def test_what_the_hub_puts_beside_is_no_weights(tmp_path: Path) -> None:
    publish(tmp_path, as_tensors(random_weights()), "checkpoint")
    for name in (".gitattributes", "LICENSE", "README.md"):
        (tmp_path / name).write_text("*.bin filter=lfs\n")
    assert load_published(tmp_path).config == AIRConfig(**SMALL)


def test_what_is_given_must_not_contradict_our_section(tmp_path: Path) -> None:
    config = AIRConfig.variant("L2x_H2x", **SMALL)
    save_published(AIR(config), tmp_path)
    assert load_published(tmp_path, "sudoku-4x4", "L2x_H2x").config == config
    with pytest.raises(PublishedError, match=r"section air_envs says inject_l 2.*, expected 1"):
        load_published(tmp_path, variant="Lx_H")
    with pytest.raises(PublishedError, match="section air_envs says family 'sudoku-4x4', expected 'maze-4x4'"):
        load_published(tmp_path, "maze-4x4")
    settings = tmp_path / "all_config.yaml"
    settings.write_text(settings.read_text().replace("air_envs:", "air_envs:\n  from_a_later_version: 1"))
    with pytest.raises(PublishedError, match=r"section air_envs: .*from_a_later_version"):
        load_published(tmp_path)


def test_a_variant_tells_the_update_rule_alone(tmp_path: Path) -> None:
    publish(tmp_path, as_tensors(random_weights()))
    with pytest.raises(PublishedError, match="variant HRM says h_layers, which settings and weights tell"):
        load_published(tmp_path, variant="HRM")


O_PROJ = "inner.f_level.layers.1.self_attn.o_proj.weight"


@pytest.mark.parametrize(
    ("arch", "weights", "message"),
    [
        ({}, {O_PROJ: None}, rf"step_100: missing keys: {O_PROJ}"),
        ({}, {O_PROJ: torch.ones(32, 31)}, rf"key {O_PROJ} of shape \(32, 31\), expected \(32, 32\)"),
        ({}, {"inner.conv.weight": torch.ones(1)}, "step_100: unexpected keys: inner.conv.weight"),
        ({"hidden_size": None}, {}, "all_config.yaml: no arch.hidden_size"),
        ({"rms_norm_eps": 1e-6}, {}, "arch.rms_norm_eps 1e-06, expected 1e-05"),
        ({"pos_encodings": "alibi"}, {}, "position 'alibi', expected one of"),
        ({"L_layers": 3, "H_layers": 3}, {}, r"arch says \[3, 3\] layers, the weights have \[2\]"),
        ({}, {"inner.g_input.weight": torch.ones(32, 32)}, "may be linear or nonlinear"),
        ({}, {"inner.input_token_H": torch.ones(1, 1, 32)}, "may be addition, prepend-strip, prepend-persist"),
        ({}, {"inner.puzzle_emb.weights": torch.ones(3, 32)}, r"puzzle_emb.weights of shape \(3, 32\)"),
        ({}, {"inner.lm_head.weight": torch.ones(11, 32)}, r"lm_head.weight of shape \(11, 32\), expected \(6, 32\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, arch: dict, weights: dict, message: str) -> None:
    content = as_tensors(random_weights()) | weights
    publish(tmp_path, {key: value for key, value in content.items() if value is not None}, **arch)
    with pytest.raises(PublishedError, match=message):
        load_published(tmp_path)


def test_a_guessed_family_that_does_not_fit_is_named(tmp_path: Path) -> None:
    publish(tmp_path, as_tensors(random_weights()) | {"inner.lm_head.weight": torch.ones(11, 32)})
    with pytest.raises(PublishedError, match=r"of sudoku-4x4; name another family with --family$"):
        load_published(tmp_path)
    with pytest.raises(PublishedError, match=r"expected \(6, 32\)$"):
        load_published(tmp_path, family="sudoku-4x4")


def test_files_that_are_not_there_or_not_weights(tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match="no such folder"):
        load_published(tmp_path / "nowhere")
    with pytest.raises(PublishedError, match="torch files none"):
        load_published(tmp_path)
    (tmp_path / "step_1").write_bytes(b"nothing")
    with pytest.raises(PublishedError, match=r"all_config.yaml: missing"):
        load_published(tmp_path)
    (tmp_path / "all_config.yaml").write_text("arch: [")
    with pytest.raises(PublishedError, match=r"all_config.yaml: not YAML: expected .* in line 1, column 8$"):
        load_published(tmp_path)
    publish(tmp_path, {}, "step_2")
    (tmp_path / "step_2").write_bytes(b"nothing")
    with pytest.raises(PublishedError, match="step_2: not a torch file of weights"):
        load_published(tmp_path)


class Code:
    """Unpickling one would run code."""

    def __reduce__(self) -> Any:
        return print, ("this must never run",)


def test_pickled_code_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(tmp_path, {"inner.H_init": Code()})
    with pytest.raises(PublishedError, match="not a torch file of weights"):
        load_published(tmp_path)
    assert "never" not in capsys.readouterr().out


def test_the_family_is_asked_for_where_nothing_tells_it(tmp_path: Path) -> None:
    publish(tmp_path, as_tensors(random_weights()))
    content = yaml.safe_load((tmp_path / "all_config.yaml").read_text()) | {"data_path": "data/mine"}
    (tmp_path / "all_config.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(PublishedError, match="data path data/mine does not tell the puzzle family"):
        load_published(tmp_path)
    assert load_published(tmp_path, family="sudoku-4x4").config.family == "sudoku-4x4"


def test_names_that_no_layout_has() -> None:
    with pytest.raises(ValueError, match=r"inner\.f_level\.layers\.0\.conv\.weight"):
        from_authors({"inner.f_level.layers.0.conv.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"no key 'inner\.input_token_L'"):
        from_authors({"inner.input_token_H": torch.zeros(4)})
    with pytest.raises(ValueError, match="'structured' has no place"):
        to_authors({}, AIRConfig(position="structured"))
    with pytest.raises(ValueError, match="convolution 3 has no place"):
        to_authors({}, AIRConfig(convolution=3))
    with pytest.raises(ValueError, match="mixer 'units' has no place"):
        to_authors({}, AIRConfig(mixer="units"))
    with pytest.raises(ValueError, match="mixer 'candidates' has no place"):
        to_authors({}, AIRConfig(mixer="candidates", position="none"))


def test_the_command_ends_in_one_line_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = publish(tmp_path / "published", as_tensors(random_weights()))
    run = tmp_path / "run"
    main(["import-checkpoint", str(published), "--output", str(run), "--variant", "L_H2x"])
    assert "L_H2x, 57,826 weights, in" in capsys.readouterr().out
    assert load_model(run).config == AIRConfig.variant("L_H2x", **SMALL)
    assert "# AIR L_H2x, sudoku-4x4" in (run / "README.md").read_text()
    for again in (
        ["import-checkpoint", str(published), "--output", str(run)],
        ["import-checkpoint", str(tmp_path), "--output", "x"],
    ):
        with pytest.raises(SystemExit, match="2"):
            main(again)
    lines = capsys.readouterr().err.splitlines()
    assert "holds a checkpoint already" in lines[0]
    assert "torch files none" in lines[1]
