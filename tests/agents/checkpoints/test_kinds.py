import re
import shutil
from pathlib import Path

import pytest

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.folder import load_model
from agents.checkpoints.kinds import kind_of, require_new_files, require_replaceable, require_resumable
from agents.checkpoints.published.writing import save_published
from agents.config.model import AIRConfig
from agents.models.air import AIR

DATA = Path(__file__).parents[1] / "data"


def test_what_a_folder_holds(small_run: Path, small_pack: Path, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".git").touch()
    (tmp_path / "left over").mkdir()
    for name in (".lock", ".train.json.host-1.x.tmp", ".best.old"):
        (tmp_path / "left over" / name).touch()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").touch()
    (tmp_path / "begun").mkdir()
    shutil.copy(small_run / "train.json", tmp_path / "begun")
    measured = shutil.copytree(tmp_path / "begun", tmp_path / "measured")
    shutil.copytree(small_run / "best", measured / "best")
    unpublished = shutil.copytree(tmp_path / "begun", tmp_path / "unpublished")
    shutil.copytree(small_run / "checkpoints", unpublished / "checkpoints")
    exported = shutil.copytree(small_pack, tmp_path / "finished")
    shutil.copy(small_run / "train.json", exported)
    (tmp_path / "only best").mkdir()
    shutil.copytree(small_run / "best", tmp_path / "only best" / "best")
    save_published(AIR(AIRConfig("sudoku-4x4", hidden=32, heads=2, layers=1)), tmp_path / "export")
    (tmp_path / "graphs").mkdir()
    for name in ("model.json", "start.onnx"):
        (tmp_path / "graphs" / name).touch()
    (tmp_path / "site").mkdir()
    for name in ("site.json", "index.html"):
        (tmp_path / "site" / name).touch()
    learner = shutil.copytree(tmp_path / "finished", tmp_path / "learner")
    (learner / "rl.json").touch()
    found = {path: kind_of(path) for path in tmp_path.iterdir()}
    assert {path.name: kind for path, kind in found.items()} == {
        "empty": "nothing",
        "hidden": "other",
        "left over": "nothing",
        "notes": "other",
        "begun": "begun run",
        "measured": "begun run",
        "unpublished": "run",
        "finished": "pack",
        "only best": "model",
        "export": "export",
        "graphs": "graphs",
        "site": "site",
        "learner": "agent",
    }
    assert kind_of(tmp_path / "nowhere") == "nothing"
    assert kind_of(small_run) == kind_of(DATA / "run-of-version-0") == "run"
    assert kind_of(small_run / "best") == "model"
    assert kind_of(small_pack) == kind_of(DATA / "pack-of-version-0") == "pack"
    assert kind_of(dataset) == "dataset"
    assert kind_of(small_run / "train.json") == "other"


def test_only_what_is_wanted_is_replaced(small_run: Path, small_pack: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    require_replaceable(tmp_path / "empty", False, "pack")
    with pytest.raises(OccupiedError, match=f"^{small_pack}: holds a packed model already; .* with --overwrite$"):
        require_replaceable(small_pack, False, "pack")
    require_replaceable(small_pack, True, "pack")
    noted = Path(shutil.copytree(small_pack, tmp_path / "noted"))
    for name in ("eval.json", "eval-maze-5x5.png"):
        (noted / name).touch()
    require_replaceable(noted, True, "pack")
    (noted / "notes.txt").touch()
    with pytest.raises(OccupiedError, match=f"^{noted}: also holds notes.txt, which would be lost; expected nothing"):
        require_replaceable(noted, True, "pack")
    for overwrite in (False, True):
        with pytest.raises(OccupiedError, match=f"^{small_run}: holds a run already; expected a new folder$"):
            require_replaceable(small_run, overwrite, "pack")
    require_new_files(True, small_pack / "README.md")
    with pytest.raises(OccupiedError, match=r"README\.md: is there already; .* with --overwrite$"):
        require_new_files(False, small_pack / "none", small_pack / "README.md")


def test_the_working_directory_is_not_replaced(
    small_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = Path(shutil.copytree(small_pack, tmp_path / "pack"))
    (tmp_path / "empty").mkdir()
    for folder in (pack, tmp_path / "empty"):
        monkeypatch.chdir(folder)
        for path in (Path(), folder):
            with pytest.raises(OccupiedError, match=f"^{re.escape(str(path))}: the working directory or a mount point"):
                require_replaceable(path, True, "pack")


def test_only_a_run_is_resumed(small_run: Path, small_pack: Path, dataset: Path, tmp_path: Path) -> None:
    require_resumable(small_run)
    pack = shutil.copytree(small_pack, tmp_path / "pack")
    with pytest.raises(
        CheckpointError, match=r"holds a packed model, no train\.json: not the folder of a training run$"
    ):
        require_resumable(pack)
    shutil.copy(small_run / "train.json", pack)
    with pytest.raises(CheckpointError, match=r"holds a packed model without training\.pt: nothing to resume from$"):
        require_resumable(pack)
    with pytest.raises(CheckpointError, match=r"holds nothing, no train\.json"):
        require_resumable(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"sudoku-4x4\.h5: holds a dataset, no train\.json"):
        require_resumable(dataset)


def test_names_that_are_no_steps_do_not_count(small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    for name in ("step-", "step-x", "step-1 (copy)", "step-" + "9" * 5_000):
        try:
            (run / "checkpoints" / name).mkdir()
        except OSError:  # too long a name
            continue
    load_model(run)


def test_an_error_is_one_line_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    with pytest.raises(CheckpointError) as caught:
        load_model(folder)
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/two\\nlines: no config.json, expected a checkpoint with config.json and model.safetensors"
    ]
