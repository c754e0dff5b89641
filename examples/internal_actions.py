"""The model's own updates as actions: python -m examples.internal_actions RUN DATASET.

Compares the canonical program (commit after every ACT step) with a policy that commits only when the halting head says
that the proposal is right.
"""

import sys

import gymnasium as gym

from agents import AIRAgent
from agents.thinking.playing import play
from agents.thinking.policies import Halting, Policy, Program


def main(run: str, dataset: str, puzzles: int = 20) -> None:
    agent = AIRAgent.from_pretrained(run)
    envs = gym.make_vec(
        f"air_envs/{agent.family.kind.capitalize()}Thinking-v0",
        num_envs=min(puzzles, 64),
        model=agent,
        dataset=dataset,
        split="test",
        autoreset_mode="Disabled",
    )
    policies: dict[str, Policy] = {"canonical": Program.of(agent), "patient": Halting.of(agent)}
    for name, policy in policies.items():
        played = play(envs, policy, index=range(puzzles))
        print(
            f"{name:10} solved {played.solved.sum()} of {puzzles}, {played.updates.mean():.1f} updates and "
            f"{played.done[:, 2].mean():.1f} commits a puzzle"
        )


if __name__ == "__main__":
    main(*sys.argv[1:3])
