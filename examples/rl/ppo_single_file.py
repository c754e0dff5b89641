"""PPO with action masks in one file, for speed on a CPU: numpy environments, and a network of a few hundred weights.

    python -m examples.rl.ppo_single_file --size 4 --clues 4 --steps 500000

Legal actions are the candidates of blank cells. The network sees four counts of each: how many candidates its cell has,
and how many cells of its row, column and box can take the digit. All cells and digits share its weights, so it is equal
under every symmetry of Sudoku.
"""

import time
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from torch import Tensor, nn

import air_envs  # noqa: F401 - registers the environments
from agents.rl.measuring import Measured, measure

BOX_ROWS = {4: 2, 6: 2, 8: 2, 9: 3, 10: 2, 12: 3, 15: 3, 16: 4}


@dataclass(frozen=True)
class Config:
    """Each field is a flag."""

    size: int = 4
    """Side of the Sudokus."""
    clues: int | None = 4
    """Of generated puzzles; None takes the generator's default."""
    steps: int = 500_000
    """Environment steps in all."""
    num_envs: int = 256
    """Environments side by side."""
    n_steps: int = 16
    """Steps in each environment between updates."""
    epochs: int = 2
    """Passes over the steps of an update."""
    batch: int = 1024
    """Boards per gradient step."""
    hidden: int = 16
    """Features of a candidate."""
    lr: float = 5e-3
    """Learning rate at the start; it falls to zero."""
    gamma: float = 0.99
    """Discount."""
    gae_lambda: float = 0.95
    """Of generalised advantage estimation."""
    clip: float = 0.2
    """Range of the probability ratio."""
    entropy: float = 0.005
    """Weight of the entropy bonus."""
    seed: int = 0
    """Seeds weights, puzzles and moves."""
    puzzles: int = 500
    """Unseen ones that are played at the end."""


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    measured: Measured
    """On unseen puzzles."""
    seconds: float
    """Wall time of training."""
    in_environment: float
    """Of them, seconds in the environment's ``step``."""


class Network(nn.Module):
    """Scores a candidate by its four counts, and a board by the mean over its candidates.

    There are few sets of four counts, so the network is computed once for each of them, and looked up.
    """

    def __init__(self, size: int, hidden: int):
        super().__init__()
        self.size = size
        self.counts = nn.Parameter(torch.randn(4, size + 1, hidden) / 2)
        self.out = nn.Linear(hidden, 2)

    def table(self) -> Tensor:
        """Return score and value of every set of counts: ((size + 1) ** 4, 2)."""
        cell, row, column, box = self.counts
        features = cell[:, None, None, None] + row[:, None, None] + column[:, None] + box
        return self.out(features.relu()).flatten(0, 3)

    def forward(self, masks: Tensor, codes: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
        """Return log probabilities (N, actions) and values (N,) of masks and codes, both (N, actions)."""
        # One column after the other: the gradient of a lookup of rows takes ten times as long.
        scores, values = (column.index_select(0, codes.flatten()).view(codes.shape) for column in table.unbind(1))
        logs = scores.masked_fill(~masks, -torch.inf).log_softmax(1)
        return logs, (values * masks).sum(1) / masks.sum(1)

    def codes(self, masks: np.ndarray) -> Tensor:
        """Return (N, actions) int32: which row of the table is of an action, by masks (N, actions)."""
        n, count = self.size, len(masks)
        fits = masks.reshape(count, n, n, n).astype(np.uint8)
        high, wide = BOX_ROWS[n], n // BOX_ROWS[n]
        boxes = fits.reshape(count, wide, high, high, wide, n).sum((2, 4), dtype=np.uint8)
        units = [fits.sum(axis, dtype=np.uint8, keepdims=True) for axis in (3, 2, 1)]
        units.append(boxes.repeat(high, 1).repeat(wide, 2))
        found = np.zeros(fits.shape, np.int32)
        for unit in units:
            found *= n + 1
            found += unit
        return torch.from_numpy(found.reshape(count, -1))

    @torch.no_grad()
    def probabilities(self, observations: Any, masks: np.ndarray) -> np.ndarray:
        """Return (N, actions), as ``air_envs.policies.MovePolicy`` does."""
        return self(torch.from_numpy(masks), self.codes(masks), self.table())[0].exp().numpy()


def train(config: Config) -> Result:
    torch.manual_seed(config.seed)
    rules = {"action_mask": "candidates", "end_on_contradiction": True, "reward": "dense"}
    task = {"size": config.size, "clues": config.clues, **rules}
    envs = gym.make_vec("air_envs/Sudoku-v0", config.num_envs, autoreset_mode="SameStep", copy=False, **task)
    _, infos = envs.reset(seed=config.seed)
    network = Network(config.size, config.hidden)
    optimiser = torch.optim.Adam(network.parameters(), config.lr)
    shape, actions_per_board = (config.n_steps, config.num_envs), config.size**3
    masks = torch.zeros(*shape, actions_per_board, dtype=torch.bool)
    codes = torch.zeros(*shape, actions_per_board, dtype=torch.int32)
    actions = torch.zeros(shape, dtype=torch.long)
    chances, values, rewards, ends, advantages = (torch.zeros(shape) for _ in range(5))
    updates, solved, episodes, in_environment = max(config.steps // (shape[0] * shape[1]), 1), 0, 0, 0.0
    start = time.perf_counter()
    for update in range(updates):
        optimiser.param_groups[0]["lr"] = config.lr * (1 - update / updates)
        with torch.no_grad():
            table = network.table()
        for step in range(config.n_steps):
            masks[step], codes[step] = torch.from_numpy(infos["action_mask"]), network.codes(infos["action_mask"])
            logs, values[step] = network(masks[step], codes[step], table)
            cumulative = logs.exp().cumsum(1)
            actions[step] = (cumulative <= torch.rand(config.num_envs, 1) * cumulative[:, -1:]).sum(1)
            chances[step] = logs.gather(1, actions[step][:, None]).squeeze(1)
            before = time.perf_counter()
            _, reward, terminated, truncated, infos = envs.step(actions[step].numpy())
            in_environment += time.perf_counter() - before
            over = terminated | truncated
            rewards[step], ends[step] = torch.from_numpy(reward), torch.from_numpy(over)
            if over.any():
                solved += int(infos["final_info"]["solved"][over].sum())
                episodes += int(over.sum())
        last = infos["action_mask"]
        following = network(torch.from_numpy(last).bool(), network.codes(last), table)[1]
        gained = torch.zeros(config.num_envs)
        for step in reversed(range(config.n_steps)):
            going_on = 1 - ends[step]
            surprise = rewards[step] + config.gamma * following * going_on - values[step]
            gained = surprise + config.gamma * config.gae_lambda * going_on * gained
            advantages[step], following = gained, values[step]
        returns = (advantages + values).flatten()
        flat_masks, flat_codes = masks.flatten(0, 1), codes.flatten(0, 1)
        for _ in range(config.epochs):
            for rows in torch.randperm(len(returns)).split(config.batch):
                logs, value = network(flat_masks[rows], flat_codes[rows], network.table())
                taken = logs.gather(1, actions.flatten()[rows][:, None]).squeeze(1)
                ratio = (taken - chances.flatten()[rows]).exp()
                advantage = advantages.flatten()[rows]
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                bounded = ratio.clamp(1 - config.clip, 1 + config.clip)
                policy_loss = -torch.minimum(ratio * advantage, bounded * advantage).mean()
                entropy = -(logs.exp() * logs.masked_fill(~flat_masks[rows], 0)).sum(1).mean()
                loss = policy_loss + 0.5 * (value - returns[rows]).square().mean() - config.entropy * entropy
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), 0.5)
                optimiser.step()
        if (update + 1) % max(updates // 10, 1) == 0:
            done, seconds = (update + 1) * len(returns), time.perf_counter() - start
            print(f"{done:,} steps, {done / seconds:,.0f} a second: {solved / max(episodes, 1):.1%} of episodes solved")
            solved = episodes = 0
    seconds = time.perf_counter() - start
    measured = measure(network, "air_envs/Sudoku-v0", task, puzzles=config.puzzles, seed=config.seed)
    low, high = measured.interval
    print(f"solved {measured.solved_count} of {measured.count} unseen puzzles ({low:.1%} to {high:.1%})")
    return Result(measured, seconds, in_environment)


if __name__ == "__main__":
    train(tyro.cli(Config, description=__doc__))
