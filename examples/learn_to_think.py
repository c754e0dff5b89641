"""Learn when to think and when to answer: python -m examples.learn_to_think.

Stable-Baselines3's PPO learns a policy over L, H and COMMIT for shipped models. It sees the eleven features of
``agents.thinking.environment.observing``; a right answer earns 1, each update costs a price, and there is one answer a
puzzle. Its accuracy against the updates that it takes is shown in one figure with

- the program cut off after k updates,
- the halting head at several thresholds, asked after every H-update,
- an oracle that stops at the first right proposal, and thinks to the end where there is none.

The figure is ``learn_to_think.png``, the numbers in it ``learn_to_think.json``.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from matplotlib.axes import Axes
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from agents import AIRAgent
from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, chart, save_chart
from agents.hub.generator import generator_options
from agents.pretrained import find
from agents.thinking.environment.mind import COMMIT
from agents.thinking.playing import play
from air_envs.sb3 import SB3VecEnv
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
BUILD_SEED = 1_000_003
"""Of the puzzles: another one than that of the models' training puzzles."""


@dataclass(frozen=True)
class Settings:
    """How to learn, and on what."""

    models: tuple[str, ...] = ("maze-9x9", "sudoku-6x6-minimal")
    """Shipped models, or folders."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One policy is learned for each, at each price."""
    prices: tuple[float, ...] = (0.003, 0.01)
    """Of one update, where a right answer earns 1."""
    steps: int = 150_000
    """Actions that each policy learns from."""
    train: int = 4_000
    """Puzzles to learn from."""
    test: int = 500
    """Puzzles that everything is measured on."""
    num_envs: int = 64
    """Puzzles thought about side by side."""
    output: Path = Path("learn_to_think")
    """Folder for the datasets, the figure and the numbers."""


@dataclass(frozen=True)
class Point:
    """One way to stop: what it takes and what it reaches."""

    updates: float
    """Mean L- and H-updates a puzzle."""
    accuracy: float
    """Share of the puzzles solved by the rules."""


def main(settings: Settings) -> dict[str, Any]:
    settings.output.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in settings.models:
        agent = AIRAgent.from_pretrained(name)
        data = build(agent, name, settings)
        found: dict[str, Any] = curves(agent, data)
        found["learned"] = [
            measure(agent, data, price, seed, settings) for price in settings.prices for seed in settings.seeds
        ]
        found["summary"] = summary(found)
        print(f"{name}: {found['summary']}", flush=True)
        results[name] = found
    file = settings.output / "learn_to_think.json"
    values = {"settings": asdict(settings), "models": results}
    file.write_text(json.dumps(values, indent=2, default=str) + "\n", encoding="utf-8")
    print(file, draw(results, settings.output / "learn_to_think.png"), sep="\n")
    return results


def build(agent: AIRAgent, name: str, settings: Settings) -> Dataset:
    """Generate puzzles of the kind that the model was trained on."""
    folder = find(name)
    options = agent.family.Options(**(generator_options(folder) if folder else {}))
    path = settings.output / f"{agent.family.name}-{Path(name).name}.h5"
    return build_dataset(path, agent.family, options, settings.train, settings.test, BUILD_SEED, progress=False)


def curves(agent: AIRAgent, data: Dataset, batch: int = 100) -> dict[str, Any]:
    """Run the program to its end on the test puzzles, and read off what stopping earlier would have given."""
    puzzle = data.split("test").puzzle
    parts = [trace(agent, puzzle[first : first + batch]) for first in range(0, len(puzzle), batch)]
    solves, halting = (np.concatenate(values) for values in zip(*parts, strict=True))
    total = solves.shape[1]
    after_h = np.array([letter == "H" for letter in agent.model.config.program * agent.act_steps(None)])
    halts = [stop(halting > threshold, after_h) for threshold in THRESHOLDS]
    return {
        "updates": total,
        "canonical": asdict(point(solves, np.full(len(solves), total))),
        "program_cut": [asdict(point(solves, np.full(len(solves), k))) for k in range(1, total + 1)],
        "halting": [
            {"threshold": threshold} | asdict(point(solves, at))
            for threshold, at in zip(THRESHOLDS, halts, strict=True)
        ],
        "oracle": asdict(point(solves, stop(solves, after_h))),
    }


def trace(agent: AIRAgent, puzzle: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return whether the proposal is right after each update, and its halting probability: (N, updates) each."""
    thoughts = agent.think({"puzzle": puzzle})
    found = [(thought.solved, thought.halting_probability) for thought in thoughts]
    solved, halting = (np.stack(values, 1) for values in zip(*found, strict=True))
    return solved, halting


def stop(wanted: NDArray[np.bool_], after_h: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return after how many updates each puzzle stops: at the first H-update where it is wanted, else at the last."""
    stops = wanted & after_h
    stops[:, -1] = True
    return stops.argmax(1) + 1


def point(solves: NDArray[np.bool_], updates: NDArray[np.int64]) -> Point:
    """Return what stopping each puzzle after so many updates, 1 or more, gives."""
    return Point(float(updates.mean()), float(solves[np.arange(len(solves)), updates - 1].mean()))


def measure(agent: AIRAgent, data: Dataset, price: float, seed: int, settings: Settings) -> dict[str, Any]:
    """Learn one policy and play it on the test puzzles."""
    start = time.perf_counter()
    policy = learn(agent, data, price, seed, settings)
    seconds = time.perf_counter() - start
    envs = thinking(agent, data, "test", min(settings.num_envs, settings.test), "Disabled")
    played = play(envs, policy, index=range(settings.test))
    found = Point(float(played.updates.mean()), float(played.solved.mean()))
    print(f"  price {price}, seed {seed}: {found}, learned in {seconds:.0f} s", flush=True)
    shares = {letter: float(played.done[:, k].mean()) for k, letter in enumerate("LH")}
    return {"price": price, "seed": seed, **asdict(found), "by_letter": shares, "seconds": seconds}


def learn(agent: AIRAgent, data: Dataset, price: float, seed: int, settings: Settings) -> PPO:
    """Learn a policy of a few neurons."""
    envs = SB3VecEnv(thinking(agent, data, "train", settings.num_envs, "SameStep", update_cost=price))
    envs.seed(seed)
    model = PPO(
        "MlpPolicy",
        VecMonitor(envs),
        n_steps=16,
        batch_size=256,
        n_epochs=6,
        learning_rate=lambda left: 1e-3 * left,
        gamma=1.0,
        ent_coef=0.003,
        policy_kwargs={"net_arch": [32, 32]},
        seed=seed,
        device="cpu",
    )
    with torch.no_grad():  # one that commits at every third action would hardly see a right answer
        model.policy.action_net.bias[COMMIT] -= 3.0
    return model.learn(settings.steps)


def thinking(agent: AIRAgent, data: Dataset, split: str, num_envs: int, autoreset: str, **kwargs: Any) -> Any:
    """Make the vector environment: features to observe, one answer a puzzle."""
    return gym.make_vec(
        f"air_envs/{agent.family.kind.capitalize()}Thinking-v0",
        num_envs=num_envs,
        autoreset_mode=autoreset,
        model=agent,
        dataset=str(data.path),
        split=split,
        observations="features",
        max_commits=1,
        **kwargs,
    )


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Say what the fewest updates are, as a share of the program's, at no lower accuracy than the program's."""
    least, total = found["canonical"]["accuracy"], found["updates"]
    by_price = {}
    for price in sorted({one["price"] for one in found["learned"]}):
        runs = [one for one in found["learned"] if one["price"] == price]
        by_price[price] = {name: float(np.mean([run[name] for run in runs])) for name in ("updates", "accuracy")}

    def fewest(points: Any) -> float | None:
        fitting = [one["updates"] / total for one in points if one["accuracy"] >= least]
        return round(min(fitting), 4) if fitting else None

    return {
        "canonical_accuracy": least,
        "learned_by_price": by_price,
        "share_of_updates_at_canonical_accuracy": {
            "learned, mean over seeds": fewest(by_price.values()),
            "halting head": fewest(found["halting"]),
            "program cut": fewest(found["program_cut"]),
            "oracle": fewest([found["oracle"]]),
        },
    }


def draw(results: dict[str, Any], path: Path) -> Path:
    """Draw accuracy against updates, a panel per model."""
    figure = chart(5.2 * len(results), 4.2)
    for axes, (name, found) in zip(figure.subplots(1, len(results), squeeze=False)[0], results.items(), strict=True):
        _panel(axes, found)
        axes.set(title=name, xlabel="L- and H-updates a puzzle, mean", ylabel="solved, %")
    return save_chart(figure, path)


def _panel(axes: Axes, found: dict[str, Any]) -> None:
    def line(points: list[dict[str, Any]], form: str, **look: Any) -> None:
        axes.plot([one["updates"] for one in points], [100 * one["accuracy"] for one in points], form, **look)

    line(found["program_cut"], "-", color=GREY, label="program cut after k updates")
    line(found["halting"], "o-", color=BLUE, markersize=3.5, label="halting head, by threshold")
    for price, colour in zip(found["summary"]["learned_by_price"], (ORANGE, PINK) * 9, strict=False):
        runs = [one for one in found["learned"] if one["price"] == price]
        line(runs, "D", color=colour, markersize=5, alpha=0.8, label=f"learned, {price:g} an update")
    line([found["oracle"]], "*", color=GREEN, markersize=12, label="oracle")
    line([found["canonical"]], "s", color="black", markersize=5, label="whole program")
    axes.set(xlim=(0, None), ylim=(-3, 103))
    axes.legend(frameon=False, fontsize=8, loc="lower right")


if __name__ == "__main__":
    main(tyro.cli(Settings, prog="python -m examples.learn_to_think"))
