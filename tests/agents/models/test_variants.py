"""Every variant's update against a float64 reference that knows the formulas and the authors' weights only."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from agents.checkpoints.published.layouts import from_authors
from agents.config.model import AIRConfig, LevelToken, Operator
from agents.config.variants import INJECTIONS, VARIANTS
from agents.models.air import AIR, State
from agents.thinking.agent import AIRAgent
from agents.training.trainer import Trainer
from puzzles.dataset import Dataset
from tests.agents.conftest import tiny_config
from tests.agents.precision import EXACT, assert_exact, start
from tests.agents.reference import Array, angles, as_tensors, embed, random_weight, random_weights, transformer

SMALL = {"family": "sudoku-4x4", "hidden": 32, "heads": 2, "layers": 2, "max_steps": 4}
TOKENS = np.random.default_rng(5).integers(1, 6, (3, 16), dtype=np.uint8)
RNG = np.random.default_rng(6)
G = random_weight(RNG, (32, 32))
TOKEN_H, TOKEN_L = random_weight(RNG, (32,)), random_weight(RNG, (32,))

# The input of an L-update and of an H-update, from the table of the paper's variants.
Inputs = tuple[Callable[[Array, Array, Array], Array], Callable[[Array, Array, Array], Array]]
OPERATORS: dict[str, Inputs] = {
    "add": (lambda z_L, z_H, x: z_L + z_H + x, lambda z_L, z_H, x: z_H + z_L),
    "subtract": (lambda z_L, z_H, x: z_L + z_H - x, lambda z_L, z_H, x: z_H + z_L),
    "linear": (lambda z_L, z_H, x: z_L + z_H + x @ G.T, lambda z_L, z_H, x: z_H + z_L),
    "nonlinear": (lambda z_L, z_H, x: z_L + z_H + np.tanh(x @ G.T), lambda z_L, z_H, x: z_H + z_L),
    "hadamard": (lambda z_L, z_H, x: z_L + (z_H + z_L) * x, lambda z_L, z_H, x: z_H + z_L),
}


def run_reference(
    weights: dict[str, Array],
    inputs: Inputs,
    program: str = "LLHLLH",
    networks: tuple[str, str] = ("f_level", "f_level"),
    prefix: int = 1,
    f: Callable[[str, Array, Callable[[Array], Array]], Array] = lambda letter, h, blocks: blocks(h),
    first: dict[str, Array] | None = None,
    rope: bool = True,
    steps: int = 3,
) -> list[tuple[Array, Array]]:
    """(z_H, z_L) after each ACT step. ``first`` are tokens that persist at position 0, ``f`` wraps the blocks."""
    x = embed(weights, TOKENS, prefix)
    z_H, z_L = (np.broadcast_to(weights[f"inner.{level}_init"], x.shape) for level in "HL")
    if first:
        z_H, z_L = (np.concatenate((np.tile(first[level], (3, 1, 1)), z), 1) for level, z in (("H", z_H), ("L", z_L)))
        x = np.pad(x, ((0, 0), (1, 0), (0, 0)))
    found = []
    for _ in range(steps):
        for letter in program:
            if letter == "L":
                h = inputs[0](z_L, z_H, x)
                z_L = f("L", h, lambda h: transformer(weights, networks[0], h, 2, rope))
            else:
                h = inputs[1](z_L, z_H, x)
                z_H = f("H", h, lambda h: transformer(weights, networks[1], h, 2, rope))
        found.append((z_H, z_L))
    return found


def check(config: AIRConfig, weights: dict[str, Array], expected: list[tuple[Array, Array]]) -> None:
    """States, logits and q values of the model with these weights, over the reference's ACT steps."""
    model = AIR(config)
    model.load_state_dict(from_authors(as_tensors(weights)))
    unround_angles(model.double())
    state = start(model, 3)
    assert np.abs(expected[-1][0] - state.z_H.detach().numpy()).max() > 0.1, "the reference must move"
    for z_H, z_L in expected:
        state, output = model(torch.from_numpy(TOKENS), state)
        logits = z_H[:, -16:] @ weights["inner.lm_head.weight"].T
        q = z_H[:, 0] @ weights["inner.q_head.weight"].T + weights["inner.q_head.bias"]
        for found, value in zip((*state, *output), (z_H, z_L, logits, q[:, 0], q[:, 1]), strict=True):
            np.testing.assert_allclose(found.detach().numpy(), value, atol=EXACT, rtol=0)


def unround_angles(model: AIR) -> None:
    """Give rotary positions, which are kept in float32, their exact angles."""
    cos, sin = model.position.angles
    if cos is not None and sin is not None:
        angle = np.tile(angles(*np.array(cos.shape)), 2)
        for found, exact in ((cos, np.cos(angle)), (sin, np.sin(angle))):
            np.testing.assert_allclose(found, exact, atol=1e-5)
            found.copy_(torch.from_numpy(exact))


@pytest.mark.parametrize("name", [*INJECTIONS, "0.5/1.5"])
def test_injections(name: str) -> None:
    n_l, n_h = INJECTIONS.get(name, (0.5, 1.5))
    weights = random_weights()
    inputs: Inputs = (lambda z_L, z_H, x: z_L + z_H + n_l * x, lambda z_L, z_H, x: z_H + z_L + n_h * x)
    config = AIRConfig(**SMALL, inject_l=n_l, inject_h=n_h)
    if name in INJECTIONS:
        assert config == AIRConfig.variant(name, **SMALL)
    check(config, weights, run_reference(weights, inputs))


@pytest.mark.parametrize("operator", get_args(Operator))
def test_operators(operator: str) -> None:
    weights = random_weights()
    if "linear" in operator:
        weights["inner.g_input.weight"] = G
    config = AIRConfig(**SMALL, operator=operator)
    check(config, weights, run_reference(weights, OPERATORS[operator]))


@pytest.mark.parametrize("mode", get_args(LevelToken))
def test_level_tokens(mode: str) -> None:
    """On L2x_H2x, as in the paper."""
    weights = random_weights()
    inputs: Inputs = (lambda z_L, z_H, x: z_L + z_H + 2 * x, lambda z_L, z_H, x: z_H + z_L + 2 * x)
    token = {"H": TOKEN_H, "L": TOKEN_L}
    shape = (-1,) if mode == "addition" else (1, 1, 32)
    tokens = {f"inner.input_token_{level}": value.reshape(shape) for level, value in token.items()}

    def put(letter: str, h: Array) -> Array:
        return np.concatenate((np.tile(token[letter], (3, 1, 1)), h), 1)

    if mode == "none":
        expected = run_reference(weights, inputs)
    elif mode == "addition":
        expected = run_reference(weights, inputs, f=lambda letter, h, blocks: blocks(h + token[letter]))
    elif mode == "prepend-strip":
        expected = run_reference(weights, inputs, f=lambda letter, h, blocks: blocks(put(letter, h))[:, 1:])
    else:
        expected = run_reference(weights, inputs, first=token)
    config = AIRConfig.variant("L2x_H2x", **SMALL, level_token=mode)
    check(config, weights | (tokens if mode != "none" else {}), expected)


def test_hrm_has_two_networks() -> None:
    weights = random_weights(layers={"H_level": 1, "L_level": 2})
    config = AIRConfig.variant("HRM", **SMALL | {"h_layers": 1})
    check(config, weights, run_reference(weights, OPERATORS["add"], networks=("L_level", "H_level")))


def test_hrms_learned_positions_are_averaged_with_the_embedding() -> None:
    weights = random_weights(layers={"H_level": 1, "L_level": 1})
    places = random_weight(RNG, (17, 32))

    def average(x: Array) -> Array:
        return np.sqrt(0.5) * (x + np.sqrt(32) * places)

    inputs: Inputs = (lambda z_L, z_H, x: z_L + z_H + average(x), OPERATORS["add"][1])
    expected = run_reference(weights, inputs, networks=("L_level", "H_level"), rope=False)
    config = AIRConfig.variant("HRM", **SMALL | {"layers": 1, "h_layers": 1, "position": "learned"})
    check(config, weights | {"inner.embed_pos.embedding_weight": places}, expected)


@pytest.mark.parametrize("name", ["TRM", "TRM-MLP"])
def test_trm_has_a_long_prefix_that_is_zero_but_for_one_vector(name: str) -> None:
    weights = random_weights(layers={"L_level": 2}, positions_mixed=32 if name == "TRM-MLP" else 0)
    config = AIRConfig.variant(name, **SMALL)
    assert (config.program, config.gradient) == ("LLLLLLH" * 3, "LLLLLLH")
    expected = run_reference(weights, OPERATORS["add"], config.program, ("L_level", "L_level"), prefix=16)
    # The MLP amplifies rounding about a hundredfold per ACT step: even float64 would need a wide bound at the third.
    check(config, weights, expected[:1] if name == "TRM-MLP" else expected)


def test_several_learned_prefix_vectors() -> None:
    weights = random_weights(learned=3)
    config = AIRConfig(**SMALL, prefix=3, prefix_learned=3)
    check(config, weights, run_reference(weights, OPERATORS["add"], prefix=3))


def test_without_a_prefix_the_first_cell_is_read() -> None:
    weights = random_weights()
    expected = run_reference(weights, OPERATORS["add"], prefix=0)
    del weights["inner.puzzle_emb.weights"]
    check(AIRConfig(**SMALL, prefix=0, prefix_learned=0), weights, expected)


def test_a_persisting_token_is_read_by_the_q_head_and_gets_no_puzzle() -> None:
    torch.manual_seed(0)
    model = AIR(AIRConfig.variant("L2x_H2x+prepend-persist", **SMALL, level_token_start="normal"))
    x, state = model.embed(torch.from_numpy(TOKENS)), model.initial_state(3)
    assert state.z_H.shape == (3, 18, 32) == x.shape
    assert torch.all(x[:, 0] == 0)
    assert torch.equal(state.z_H[:, 0], model.level_tokens[0].expand(3, -1))
    assert torch.equal(state.z_L[:, 0], model.level_tokens[1].expand(3, -1))
    torch.nn.init.normal_(model.q_head.weight)
    q_halt, _ = model.halting_logits(state)
    moved = State(state.z_H.index_fill(1, torch.tensor([1, 2, 17]), 9.0), state.z_L)
    assert torch.equal(model.halting_logits(moved)[0], q_halt), "only position 0 counts"
    assert model.decode(state.z_H).shape == (3, 16, 6)


@pytest.mark.parametrize(
    ("variant", "gradient"),
    [("HRM", "LH"), ("HRM", "H"), ("L2x_H2x+prepend-strip", "LH"), ("nonlinear", "LLH"), ("TRM", "LLLLLLH")],
)
def test_gradient_flows_through_the_programs_tail_only(variant: str, gradient: str) -> None:
    """The gradient is that of the tail alone, run from a state computed without one."""
    torch.manual_seed(0)
    model = AIR(AIRConfig.variant(variant, **SMALL | {"gradient": gradient, "level_token_start": "normal"})).double()
    tokens, first = torch.from_numpy(TOKENS), start(model, 3)
    model(tokens, first)[1].logits.square().sum().backward()
    found = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    with torch.no_grad():
        before = model.run(model.config.program[: -len(gradient)], first, model.embed(tokens, torch.float64))
    model.decode(model.run(gradient, before, model.embed(tokens, torch.float64)).z_H).square().sum().backward()
    expected = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert_exact(value, expected[name])
    assert any(name.startswith("f.") for name in found) == ("L" in gradient or variant != "HRM")
    assert any(name.startswith("f_H.") for name in found) == (variant == "HRM")
    model.zero_grad()
    model.decode(
        model.run(model.config.program, first, model.embed(tokens, torch.float64)).z_H
    ).square().sum().backward()
    whole = model.lm_head.weight.grad, next(iter((model.f_H or model.f).parameters())).grad
    assert_exact(whole[0], found["lm_head.weight"])
    name = "f_H.0.mixer.qkv.weight" if variant == "HRM" else "f.0.mixer.qkv.weight"
    assert not torch.allclose(whole[1], found[name], rtol=1e-3), "a longer tail would have another gradient"


def test_a_persisting_token_learns_where_the_whole_program_is_differentiated() -> None:
    for gradient, learns in (("LH", False), ("LLHLLH", True)):
        torch.manual_seed(0)
        model = AIR(AIRConfig.variant("prepend-persist", **SMALL | {"gradient": gradient}))
        model(torch.from_numpy(TOKENS), model.initial_state(3))[1].logits.square().sum().backward()
        assert (model.level_tokens.grad is not None) == learns


@pytest.mark.parametrize("name", [*VARIANTS, "L2x_H2x+prepend-strip", "Lx_Hx+nonlinear+addition", "L2x_H2x+HRM"])
def test_names_come_back(name: str) -> None:
    config = AIRConfig.variant(name)
    assert AIRConfig.variant(config.variant_name) == config
    assert set(config.variant_name.split("+")) == set(name.split("+"))


def test_an_injection_without_a_name_is_spelled_out() -> None:
    assert AIRConfig(inject_l=0.5, inject_h=2).variant_name == "L0.5x_H2x"
    assert AIRConfig().variant_name == "Lx_H"


def test_size_is_no_part_of_a_name() -> None:
    assert AIRConfig.variant("HRM", layers=2, h_layers=1).variant_name == "HRM"
    assert AIRConfig.variant("TRM+L2x_Hx", hidden=64, layers=3).variant_name == "L2x_Hx+TRM"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Lx", "variant 'Lx', expected one of L_Hx"),
        ("Lx_H+L_Hx", "L_Hx sets inject_h, inject_l a second time"),
        ("Lx_Hx+hadamard", "inject_h 1, expected 0"),
    ],
)
def test_names_that_mean_nothing_are_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AIRConfig.variant(name)


@pytest.mark.parametrize(
    ("name", "convolution"), [("L2x_H2x+prepend-strip+HRM", 3), ("L2x_H2x+prepend-persist+nonlinear", 0)]
)
def test_variants_compile_without_graph_breaks(name: str, convolution: int) -> None:
    model = AIR(AIRConfig.variant(name, **SMALL, convolution=convolution)).double()
    tokens, state = torch.from_numpy(TOKENS), start(model, 3)
    exact, output = model(tokens, state)
    compiled = torch.compile(model, fullgraph=True, backend="eager", dynamic=False)
    found, answer = compiled(tokens, state)
    assert_exact(found.z_H, exact.z_H)
    answer.logits.sum().backward()
    assert_exact(answer.logits, output.logits)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("HRM", {}),
        ("TRM-MLP", {}),
        ("L2x_H2x+addition", {"position": "structured"}),
        ("L2x_H2x+prepend-strip", {"position": "learned"}),
        ("L2x_H2x+prepend-persist", {"gradient": "LLHLLH"}),
        ("Lx_Hx+nonlinear", {"prefix": 0, "prefix_learned": 0}),
        ("HRM+prepend-strip", {"convolution": 3}),
    ],
)
@pytest.mark.parametrize("optimizer", ["adam_atan2", "adamw"])
def test_variants_train_save_and_think(dataset: Path, tmp_path: Path, name: str, fields: dict, optimizer: str) -> None:
    model = AIRConfig.variant(name, **SMALL | {"layers": 1} | fields)
    config = tiny_config(dataset, tmp_path, model=model, steps=2, batch=4, eval_puzzles=2, optimizer=optimizer)
    trainer = Trainer(config)
    start = {key: value.clone() for key, value in trainer.model.named_parameters()}
    trainer.train(progress=False)
    still = {key for key, value in trainer.model.named_parameters() if torch.equal(value, start[key]) and len(value)}
    assert still <= {"q_head.weight"}, "zero at first, so only its bias has a gradient that is not tiny"
    agent = AIRAgent.from_pretrained(tmp_path)
    assert agent.model.config == model
    puzzle = Dataset(dataset).split("test").puzzle[0]
    thoughts = list(agent.think({"puzzle": puzzle}, act_steps=1))
    assert "".join(thought.letter for thought in thoughts) == model.program


def test_variants_are_plain_configurations() -> None:
    fields = {field.name for field in dataclasses.fields(AIRConfig)}
    assert all(values.keys() <= fields for values in VARIANTS.values())
