import dataclasses
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

import air_envs
from agents import AIR, AIRAgent, InternalActions
from agents.config.program import freeze
from agents.evaluation import evaluate
from agents.evaluation.episodes import judge
from agents.thinking.internal_actions import COMMIT, H, L
from agents.thinking.rollout import rollout_frames, save_rollout
from puzzles.dataset import Dataset
from puzzles.maze import PATH
from tests.agents.conftest import TINY


@pytest.fixture(scope="module")
def agent() -> AIRAgent:
    """Untrained, but with logits that differ from cell to cell."""
    torch.manual_seed(0)
    return AIRAgent(AIR(TINY))


@pytest.fixture(scope="module")
def solver(dataset: Path) -> AIRAgent:
    """A model rigged to know half of the test puzzles by heart, so that accuracies are neither 0 nor 1."""

    class Oracle(AIR):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            logits = super().decode(z)
            for i, row in enumerate(self.batch):
                # Right from the second ACT step on for even sums of digits, at the first step only for odd ones.
                known = self.answers.get(row)
                if known is not None and self.calls >= 2 and sum(row) % 2 == 0:
                    logits[i] = torch.nn.functional.one_hot(known, logits.shape[-1]) * 50.0
                if known is not None and self.calls == 1 and sum(row) % 2 == 1:
                    logits[i] = torch.nn.functional.one_hot(known, logits.shape[-1]) * 50.0
            return logits

        def forward(self, tokens: torch.Tensor, state):
            batch = [bytes(row.tolist()) for row in tokens]
            fresh = torch.equal(state.z_H, self.initial_state(len(tokens)).z_H)
            self.batch, self.calls = batch, 1 if fresh else self.calls + 1
            return super().forward(tokens, state)

    torch.manual_seed(0)
    model = Oracle(TINY)
    test = Dataset(dataset).split("test")
    model.answers = {
        bytes((p + 1).ravel().tolist()): torch.from_numpy(s.ravel() + 1).long()
        for p, s in zip(test.puzzle, test.solution, strict=True)
    }
    return AIRAgent(model)


def even(puzzle: np.ndarray) -> bool:
    """Whether the rigged model knows the puzzle from the second ACT step on, or at the first alone."""
    return (puzzle.astype(int) + 1).sum() % 2 == 0


def commit_what_it_knows(solver: AIRAgent, dataset: Path) -> int:
    """Make the rigged model hold the answer to a puzzle, and return its index."""
    rows = Dataset(dataset).split("test").puzzle
    index = next(i for i, puzzle in enumerate(rows) if even(puzzle))
    solver.model.batch, solver.model.calls = [bytes((rows[index] + 1).ravel().tolist())], 2
    return index


def test_predict_takes_one_puzzle_or_a_batch(agent: AIRAgent, dataset: Path) -> None:
    puzzle = Dataset(dataset).split("test").puzzle[:5]
    batch, state = agent.predict({"puzzle": puzzle})
    assert batch.shape == (5, 4, 4)
    assert batch.dtype == np.uint8
    assert state.z_H.shape == (5, 17, 32)
    for i in range(5):
        single, _ = agent.predict({"puzzle": puzzle[i]})
        assert np.array_equal(single, batch[i])


def test_episode_start_forgets_the_rows_that_begin(agent: AIRAgent, dataset: Path) -> None:
    observation = {"puzzle": Dataset(dataset).split("test").puzzle[:2]}
    _, first = agent.predict(observation)
    _, second = agent.predict(observation, first, episode_start=np.array([True, False]))
    torch.testing.assert_close(second.z_H[0], first.z_H[0])
    assert not torch.allclose(second.z_H[1], first.z_H[1])


def test_thinking_ends_where_the_evaluation_does(agent: AIRAgent, dataset: Path) -> None:
    rows = Dataset(dataset).split("test").take(slice(6))
    answers = evaluate(agent, Dataset(dataset), count=6, progress=False).answers
    for puzzle, answer in zip(rows.puzzle, answers, strict=True):
        thoughts = list(agent.think({"puzzle": puzzle}))
        assert [t.letter for t in thoughts] == list("LLHLLH" * 4)
        assert [t.update for t in thoughts] == list(range(1, 25))
        assert [t.act_step for t in thoughts] == [1 + i // 6 for i in range(24)]
        assert np.array_equal(thoughts[-1].z_H.cells, answer)
        assert thoughts[-1].z_H.confidence.min() > 0
        assert thoughts[-1].z_H.confidence.max() <= 1
        probability = thoughts[-1].z_H.probability
        assert probability.shape == (4, 4, 5)
        decided = answer != agent.family.undecided
        assert (probability.argmax(-1) == answer)[decided].all()
        assert (probability.max(-1) == thoughts[-1].z_H.confidence)[decided].all()


def test_thinking_with_a_frozen_state_leaves_it_alone(agent: AIRAgent, dataset: Path) -> None:
    puzzle = Dataset(dataset).split("test").puzzle[0]
    thoughts = list(agent.think({"puzzle": puzzle}, 2, freeze("LLHLLH", "H")))
    assert "".join(t.letter for t in thoughts) == "LL-LL-" * 2
    assert all(np.array_equal(t.z_H.confidence, thoughts[0].z_H.confidence) for t in thoughts)
    assert not np.array_equal(thoughts[0].z_L.confidence, thoughts[-1].z_L.confidence)
    with pytest.raises(ValueError, match="letter 'z_H', expected 'L' for z_L or 'H' for z_H"):
        freeze("LLHLLH", "z_H")


@pytest.mark.parametrize(
    ("act_steps", "program", "message"),
    [(0, None, "ACT steps 0, expected at least 1"), (1, "lh", "update 'l', expected 'L', 'H' or '-'")],
)
def test_what_is_no_thinking_is_refused(
    agent: AIRAgent, dataset: Path, act_steps: int, program: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        next(agent.think({"puzzle": Dataset(dataset).split("test").puzzle[0]}, act_steps, program))


def test_playing_equals_the_tensor_evaluation(solver: AIRAgent, dataset: Path) -> None:
    judgement = judge(solver, Dataset(dataset), batch=16)
    evaluation, last, each = judgement.evaluation, judgement.last, judgement.each
    assert 0 < evaluation.accuracy < evaluation.accuracy_within
    assert np.array_equal(last.solved, evaluation.exact[:, -1])
    assert np.array_equal(each.solved, evaluation.solved.any(1))
    assert np.array_equal(each.returns, each.solved)
    assert (last.proposals == 1).all()
    assert set(each.proposals) == {1, 2}


def test_evaluation_counts_what_it_says(solver: AIRAgent, dataset: Path) -> None:
    rows = Dataset(dataset).split("test")
    evaluation = evaluate(solver, Dataset(dataset), max_steps=3, progress=False)
    late = np.array([even(puzzle) for puzzle in rows.puzzle])
    assert np.array_equal(evaluation.exact, np.stack([~late, late, late], 1))
    assert np.array_equal(evaluation.solved, evaluation.exact)
    summary = evaluation.summary()
    assert summary["exact_accuracy"] == pytest.approx(late.mean())
    assert summary["split_rule"] == "exact"
    low, high = summary["exact_accuracy_interval_95"]
    assert low < late.mean() < high


def internal(agent: AIRAgent, dataset: Path, **kwargs: object) -> InternalActions:
    env = gym.make("air_envs/Sudoku-v0", dataset=str(dataset), split="test", action_type="propose", max_episode_steps=4)
    return InternalActions(env, agent, **kwargs)


def test_internal_actions_are_a_gymnasium_environment(agent: AIRAgent, dataset: Path) -> None:
    check_env(internal(agent, dataset), skip_render_check=True)


def test_the_canonical_program_gives_the_evaluators_answers(agent: AIRAgent, dataset: Path) -> None:
    rows = Dataset(dataset).split("test").take(slice(6))
    answers = evaluate(agent, Dataset(dataset), count=6, progress=False).answers
    env = internal(agent, dataset)
    for index, answer in enumerate(answers):
        observation, _ = env.reset(options={"index": index})
        assert np.array_equal(observation["puzzle"], rows.puzzle[index])
        for act_step in range(1, 5):
            for letter in agent.model.config.program:
                observation, reward, terminated, truncated, info = env.step({"L": L, "H": H}[letter])
                assert (reward, terminated, truncated, info["committed"]) == (0, False, False, False)
            observation, _, terminated, truncated, info = env.step(COMMIT)
            assert info["committed"]
            assert terminated or truncated == (act_step == 4)
        assert np.array_equal(observation["proposal"], answer)
        assert observation["updates"].tolist() == [16, 8, 4]


def test_internal_actions_observe_what_thinking_shows(agent: AIRAgent, dataset: Path) -> None:
    env = internal(agent, dataset)
    observation, _ = env.reset(options={"index": 3})
    for thought, letter in zip(agent.think(observation), "LLH", strict=False):
        *_, info = result = env.step("LH".index(letter))
        observation = result[0]
        assert np.array_equal(observation["proposal"], thought.z_H.cells)
        assert np.array_equal(observation["scratchpad"], thought.z_L.cells)
        np.testing.assert_array_equal(observation["scratchpad_confidence"], thought.z_L.confidence)
        assert info["halt_logit"] == thought.halt_logit
        assert observation["halting_probability"][0] == np.float32(thought.halting_probability)


def test_updates_cost_and_run_out(agent: AIRAgent, dataset: Path) -> None:
    env = internal(agent, dataset, update_cost=0.25, max_updates=2)
    env.reset(options={"index": 0})
    assert env.step(L)[1] == -0.25
    assert not env.step(H)[3]
    assert env.step(L)[3]


def test_no_budget_at_all_is_one(agent: AIRAgent, dataset: Path) -> None:
    env = internal(agent, dataset, max_updates=0)
    env.reset(options={"index": 0})
    assert env.step(L)[3]
    with pytest.raises(ValueError, match="max_updates -1, expected 0 or more"):
        internal(agent, dataset, max_updates=-1)


@pytest.mark.parametrize("action", [L, H, COMMIT])
def test_thinking_before_the_first_puzzle_is_refused(agent: AIRAgent, dataset: Path, action: int) -> None:
    with pytest.raises(ResetNeeded, match="step before the first reset"):
        internal(agent, dataset).step(action)


def test_a_proposal_that_solves_ends_the_episode(solver: AIRAgent, dataset: Path) -> None:
    env = internal(solver, dataset)
    env.reset(options={"index": commit_what_it_knows(solver, dataset)})
    _, reward, terminated, _, info = env.step(COMMIT)
    assert (reward, terminated, info["solved"]) == (1.0, True, True)


@pytest.mark.parametrize("action", [3, -1, 1.5, "L", None])
def test_internal_actions_out_of_range_are_refused(agent: AIRAgent, dataset: Path, action: object) -> None:
    env = internal(agent, dataset)
    before, _ = env.reset(options={"index": 0})
    with pytest.raises(air_envs.ActionError, match=r"0 to 2 \(L, H, COMMIT\)"):
        env.step(action)
    after, *_ = env.step(COMMIT)
    assert after["updates"].tolist() == [0, 0, 1]
    assert np.array_equal(before["proposal"], after["proposal"])


def test_the_environment_must_take_whole_grids(agent: AIRAgent) -> None:
    with pytest.raises(ValueError, match=r'whole grids of shape \(4, 4\).*action_type="propose"'):
        InternalActions(gym.make("air_envs/Sudoku-v0", size=4), agent)


def test_mazes_work_the_same(maze_dataset: Path) -> None:
    torch.manual_seed(0)
    agent = AIRAgent(AIR(dataclasses.replace(TINY, family="maze-7x5")))
    judgement = judge(agent, Dataset(maze_dataset))
    assert judgement.evaluation.exact.shape == (20, 4)
    assert not judgement.last.solved.any()
    env = gym.make(air_envs.environment_id(agent.family), dataset=str(maze_dataset), action_type="propose")
    check_env(InternalActions(env, agent), skip_render_check=True)


def test_any_shortest_path_solves_for_the_evaluation_as_for_the_environment(
    maze_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that are no label, cell by cell, but hold its path, or another as short, or a detour."""
    dataset = Dataset(maze_dataset)
    rows, family = dataset.split("test"), dataset.family
    answers = np.where(rows.solution == PATH, PATH, 0).astype(np.uint8)  # half of them: the path cells alone
    answers[1::2] = rows.puzzle[1::2]  # the others: no path
    answers[1::2][rows.puzzle[1::2] == 0] = PATH  # and path cells on walls
    logits = torch.nn.functional.one_hot(torch.from_numpy(answers.reshape(20, -1) + 1).long(), 6).float()
    agent = AIRAgent(AIR(dataclasses.replace(TINY, family=family.name)))
    monkeypatch.setattr(agent.model, "decode", lambda z: logits)
    judgement = judge(agent, dataset)
    assert judgement.evaluation.accuracy == 0
    assert judgement.evaluation.solved[:, -1].tolist() == [True, False] * 10
    assert np.array_equal(judgement.last.solved, judgement.evaluation.solved[:, -1])


@pytest.mark.parametrize(
    ("puzzle", "message"),
    [
        (np.zeros((9, 9), np.uint8), r"shape \(1, 9, 9\), expected \(N, 4, 4\)"),
        (np.zeros((2, 8, 8), np.uint8), "shape"),
        (np.full((4, 4), 9, np.uint8), "row 1, column 1: 9, expected 0 to 4"),
        (np.zeros((4, 4)), "dtype float64"),
    ],
)
def test_puzzles_of_another_family_are_refused(agent: AIRAgent, puzzle: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agent.predict({"puzzle": puzzle})


def test_internal_actions_refuse_another_family(agent: AIRAgent) -> None:
    env = gym.make("air_envs/Maze-v0", rows=4, columns=4, action_type="propose")
    with pytest.raises(ValueError, match=r"puzzles of .*maze-4x4.*, expected .*sudoku-4x4"):
        InternalActions(env, agent)


def test_stable_baselines3_evaluates_the_agent_and_learns_internal_actions(agent: AIRAgent, dataset: Path) -> None:
    make = {"dataset": str(dataset), "split": "test", "action_type": "propose", "max_episode_steps": 3}
    envs = DummyVecEnv([lambda: Monitor(gym.make("air_envs/Sudoku-v0", **make))] * 2)
    mean, _ = evaluate_policy(agent, envs, n_eval_episodes=4)
    assert mean == 0
    model = PPO("MultiInputPolicy", internal(agent, dataset), n_steps=32, batch_size=16, device="cpu")
    model.learn(32)
    assert model.num_timesteps == 32


def test_bfloat16_agents_think_in_bfloat16(run: Path, dataset: Path) -> None:
    agent = AIRAgent.from_pretrained(run, "cpu", "bfloat16")
    puzzle = Dataset(dataset).split("test").puzzle[:3]
    answer, state = agent.predict({"puzzle": puzzle})
    assert state.z_H.dtype == torch.bfloat16
    assert answer.shape == (3, 4, 4)
    assert evaluate(agent, Dataset(dataset), count=5, progress=False).summary()["dtype"] == "bfloat16"


def test_undecided_cells_are_shown_but_never_proposed(dataset: Path) -> None:
    torch.manual_seed(0)
    agent = AIRAgent(AIR(TINY))
    agent.model.lm_head.weight.data.zero_()
    observation = {"puzzle": Dataset(dataset).split("test").puzzle[0]}
    assert (next(agent.think(observation)).z_H.cells == agent.family.undecided).all()
    assert (agent.predict(observation)[0] == 0).all()
    evaluation = evaluate(agent, Dataset(dataset), progress=False)
    assert not evaluation.solved.any()
    assert (evaluation.answers == agent.family.undecided).all()


@pytest.mark.parametrize(("logit", "act_steps"), [(5.0, 1), (-5.0, 3)])
def test_rollouts_end_where_the_model_halts_with_the_answer(
    solver: AIRAgent, agent: AIRAgent, dataset: Path, monkeypatch: pytest.MonkeyPatch, logit: float, act_steps: int
) -> None:
    for one in (solver, agent):
        monkeypatch.setattr(one.model.q_head.bias, "data", torch.full((2,), logit))
    observation = {"puzzle": Dataset(dataset).split("test").puzzle[0]}
    frames = list(rollout_frames(agent, observation))
    assert len(frames) == 1 + 24, "what is not solved is shown to the end"
    assert frames[0].update == 0
    assert [frame.letter for frame in frames[1:7]] == list("LLHLLH")
    known = Dataset(dataset).split("test").puzzle[commit_what_it_knows(solver, dataset)]
    frames = list(rollout_frames(solver, {"puzzle": known}))
    assert len(frames) == 1 + 6 * act_steps, "a head in doubt is waited for"
    assert frames[-1].solved


def test_rollout_pictures(agent: AIRAgent, dataset: Path, tmp_path: Path) -> None:
    import imageio.v3 as imageio

    observation = {"puzzle": Dataset(dataset).split("test").puzzle[0]}
    gif, png = save_rollout(agent, observation, tmp_path / "out" / "rollout", act_steps=2)
    assert len(imageio.imread(gif)) == 1 + 12
    assert imageio.imread(png).ndim == 3


@pytest.mark.parametrize(
    ("output", "stem"), [("lr0.001", "lr0.001"), ("a.gif", "a"), ("a.png", "a"), ("v1.2.gif", "v1.2")]
)
def test_names_of_rollout_pictures(agent: AIRAgent, dataset: Path, tmp_path: Path, output: str, stem: str) -> None:
    observation = {"puzzle": Dataset(dataset).split("test").puzzle[0]}
    save_rollout(agent, observation, tmp_path / output, act_steps=1)
    assert {path.name for path in tmp_path.iterdir()} == {f"{stem}.gif", f"{stem}.png"}
