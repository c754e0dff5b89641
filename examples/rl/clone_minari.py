"""Behaviour cloning from a Minari dataset in plain PyTorch: a network imitates an expert's Sudoku moves.

air-envs data build sudoku-4x4 --train 2000 --test 100 --output data/sudoku-4x4.h5
air-envs data export data/sudoku-4x4.h5 --format minari --id sudoku-4x4/expert-v0 --output data/minari
MINARI_DATASETS_PATH=data/minari python -m examples.rl.clone_minari sudoku-4x4/expert-v0
"""

import sys

import minari
import numpy as np
import torch
from torch import nn

import air_envs  # noqa: F401 - registers the environments


def moves(dataset: minari.MinariDataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the grids that the expert saw, (N, side, side), and what it did, (N,)."""
    episodes = list(dataset.iterate_episodes())
    grids = np.concatenate([episode.observations["grid"][:-1] for episode in episodes])  # the last one is solved
    return torch.as_tensor(grids), torch.as_tensor(np.concatenate([episode.actions for episode in episodes]))


def planes(grids: torch.Tensor) -> torch.Tensor:
    """Return one plane for blank cells and one per digit, flat."""
    return nn.functional.one_hot(grids.long(), grids.shape[-1] + 1).flatten(1).float()


def main(id: str, epochs: int = 20, puzzles: int = 200) -> float:
    torch.manual_seed(0)
    grids, actions = moves(dataset := minari.load_dataset(id))
    side = grids.shape[-1]
    layers = [nn.Linear(side**2 * (side + 1), 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, side**3)]
    network = nn.Sequential(*layers)
    optimiser = torch.optim.Adam(network.parameters())
    for epoch in range(epochs):
        for rows in torch.randperm(len(grids)).split(256):
            loss = nn.functional.cross_entropy(network(planes(grids[rows])), actions[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    env, solved = dataset.recover_environment(), 0
    for seed in range(puzzles):
        (observation, info), over = env.reset(seed=seed), False
        while not over:
            grid = torch.as_tensor(observation["grid"])[None]
            filled = (grid > 0).flatten().repeat_interleave(side)  # never overwrite
            logits = network(planes(grid))[0].masked_fill(filled, -torch.inf)
            observation, _, terminated, truncated, info = env.step(logits.argmax().item())
            over = terminated or truncated or (observation["grid"] > 0).all()
        solved += info["solved"]
    print(f"solved {solved} of {puzzles} generated puzzles")
    return solved / puzzles


if __name__ == "__main__":
    main(*sys.argv[1:])
