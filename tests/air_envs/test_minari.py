"""Expert episodes as Minari datasets; skipped where Minari, an optional extra, is not installed."""

import numpy as np
import pytest

import air_envs  # noqa: F401
from air_envs.minari import export_minari
from puzzles import DatasetError
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

minari = pytest.importorskip("minari")
pytest.importorskip("jax")  # Minari collects with it


@pytest.fixture(scope="module", params=["sudoku-6x6", "maze-7x5", "maze-40x40"])
def dataset(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "a.h5"
    return build_dataset(path, request.param, train=6, test=4, progress=False)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path / "minari"


@pytest.mark.parametrize("step_by_step", [True, False])
def test_each_episode_solves_its_puzzle(dataset, root, step_by_step):
    action_type = None if step_by_step else "propose"
    folder = export_minari(dataset, "puzzle/expert-v0", 5, action_type=action_type, progress=False)
    assert folder.is_relative_to(root)
    loaded = minari.load_dataset("puzzle/expert-v0")
    assert loaded.total_episodes == 5
    for episode, row in zip(loaded.iterate_episodes(), dataset.split_view("train"), strict=False):
        grids = episode.observations["grid"]
        assert np.array_equal(episode.observations["puzzle"], [row.puzzle] * len(grids))  # not lossy as a JPEG is
        assert np.array_equal(grids[0], row.puzzle)
        assert dataset.family.is_solved(row.puzzle[None], grids[-1][None])[0]
        assert episode.rewards.sum() == 1.0
        assert episode.terminations.tolist() == [False] * (len(episode.rewards) - 1) + [True]
        assert not episode.truncations.any()
        if not step_by_step:
            assert len(episode.rewards) == 1
        elif dataset.family.kind == "maze":
            assert len(episode.rewards) == dataset.family.rate(row.puzzle[None])[0]
        else:
            assert len(episode.rewards) == np.count_nonzero(row.puzzle == 0)


def test_the_episodes_play_again_in_the_environment_that_is_stored(dataset, root):
    export_minari(dataset, "puzzle/expert-v0", 3, split="test", infos=True, progress=False)
    loaded = minari.load_dataset("puzzle/expert-v0")
    env = loaded.recover_environment()
    for episode, row in zip(loaded.iterate_episodes(), dataset.split_view("test"), strict=False):
        text = dataset.family.format(row.puzzle)
        observation, info = env.reset(options={"puzzle": text})
        assert np.array_equal(observation["puzzle"], row.puzzle)
        masks = episode.infos["action_mask"]
        for step, action in enumerate(episode.actions):
            assert np.array_equal(info["action_mask"], masks[step])
            assert masks[step][action] == 1
            observation, reward, *_, info = env.step(action)
            assert np.array_equal(observation["grid"], episode.observations["grid"][step + 1])
            assert reward == episode.rewards[step]
        assert info["solved"]


def test_the_seed_decides_the_order_of_the_actions(dataset, root):
    if dataset.family.kind == "maze":
        pytest.skip("one shortest path leaves no choice")
    actions = []
    for number, seed in enumerate((1, 1, 2)):
        export_minari(dataset, f"puzzle/expert-v{number}", 3, seed=seed, progress=False)
        loaded = minari.load_dataset(f"puzzle/expert-v{number}")
        actions.append([episode.actions.tolist() for episode in loaded.iterate_episodes()])
    assert actions[0] == actions[1]
    assert actions[0] != actions[2]
    assert [sorted(episode) for episode in actions[0]] == [sorted(episode) for episode in actions[2]]


def test_a_folder_of_ones_own(dataset, root, tmp_path):
    folder = export_minari(dataset, "mine-v0", 2, root=tmp_path / "mine", progress=False)
    assert folder == tmp_path / "mine" / "mine-v0"
    assert (folder / "data" / "metadata.json").is_file()
    assert not root.exists()


@pytest.mark.filterwarnings("error::UserWarning")
def test_the_folder_may_be_relative(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export_minari(dataset, "mine-v0", 2, root="given", progress=False) == tmp_path / "given" / "mine-v0"
    monkeypatch.setenv("MINARI_DATASETS_PATH", "own")
    assert export_minari(dataset, "mine-v0", 2, progress=False) == tmp_path / "own" / "mine-v0"
    assert (tmp_path / "own" / "mine-v0" / "data" / "metadata.json").is_file()


def test_what_is_refused(dataset, root):
    with pytest.raises(ValueError, match="episodes: found 7, expected 1 to 6, the puzzles in train"):
        export_minari(dataset, "a-v0", 7, progress=False)
    with pytest.raises(ValueError, match="action_type: found 'fly', expected one of"):
        export_minari(dataset, "a-v0", action_type="fly", progress=False)
    for id in ("no version", "a", "a-v", "a/b"):
        with pytest.raises(ValueError, match=f"id: found '{id}', expected NAME-v0"):
            export_minari(dataset, id, progress=False)
    with pytest.raises(DatasetError, match="no split 'valid'"):
        export_minari(dataset, "a-v0", split="valid", progress=False)
    export_minari(Dataset(dataset.path), "a-v0", 1, progress=False)
    with pytest.raises(FileExistsError, match="Minari has a dataset of this name"):
        export_minari(dataset, "a-v0", 1, progress=False)
