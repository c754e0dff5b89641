"""The model's own updates as actions: python -m examples.internal_actions RUN DATASET.

Compares the canonical program (commit after every ACT step) with a policy that commits only when the halting logit
says that the proposal is right.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym

import air_envs
from agents import AIRAgent, InternalActions
from agents.thinking.internal_actions import COMMIT, H, L

Policy = Callable[[Mapping[str, Any], str], int]


def canonical(observation: Mapping[str, Any], program: str) -> int:
    """Play the program, then commit."""
    l_count, h_count, commits = observation["updates"]
    done = l_count + h_count - commits * len(program)
    return COMMIT if done == len(program) else (L, H)["LH".index(program[done])]


def patient(observation: Mapping[str, Any], program: str) -> int:
    """Play the program again and again, and commit once the model trusts its proposal."""
    l_count, h_count, _ = observation["updates"]
    place = (l_count + h_count) % len(program)
    if place == 0 and l_count and observation["halt_logit"][0] > 0:
        return COMMIT
    return (L, H)["LH".index(program[place])]


def main(run: str, dataset: str, puzzles: int = 20) -> None:
    agent = AIRAgent.from_pretrained(run)
    inner = gym.make(
        air_envs.environment_id(agent.family),
        dataset=dataset,
        split="test",
        action_type="propose",
        max_proposals=agent.model.config.max_steps,
    )
    env = InternalActions(inner, agent)
    for policy in (canonical, patient):
        solved = updates = commits = 0
        for index in range(puzzles):
            observation, info = env.reset(options={"index": index})
            over = False
            while not over:
                action = policy(observation, agent.model.config.program)
                observation, _, terminated, truncated, info = env.step(action)
                over = terminated or truncated
            solved += info["solved"]
            updates += observation["updates"][:2].sum()
            commits += observation["updates"][2]
        print(
            f"{policy.__name__:10} solved {solved} of {puzzles}, {updates / puzzles:.1f} updates and "
            f"{commits / puzzles:.1f} commits a puzzle"
        )


if __name__ == "__main__":
    main(*sys.argv[1:3])
