"""Every example of reinforcement learning runs, gives the same again, and stays short."""

from pathlib import Path
from types import ModuleType

import pytest

from examples.rl import behaviour_cloning, dqn, maskable_ppo, ppo

EXAMPLES = [behaviour_cloning, dqn, maskable_ppo, ppo]
FILES = sorted(Path(str(ppo.__file__)).parent.glob("*.py"))
"""All of them; the single-file PPO is short for what it does, and has some 200 lines."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__.rpartition(".")[2])
def test_it_runs_and_gives_the_same_again(example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    solved = [example.main(steps=1024, episodes=20, num_envs=64) for _ in range(2)]
    assert solved[0] == solved[1]
    assert f"solved {round(20 * solved[0])} of 20 unseen " in capsys.readouterr().out


def test_one_learns() -> None:
    assert maskable_ppo.main(steps=4096, episodes=100, num_envs=64) > 0.5


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "ppo_single_file"], ids=lambda path: path.stem)
def test_it_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60
