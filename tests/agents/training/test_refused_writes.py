"""What the system refuses while training: one line with the file's name and the last checkpoint, exit code 2."""

import re
import resource
import shutil
import sys
from pathlib import Path

import pytest

from agents.checkpoints.kinds import checkpoint_steps
from agents.cli import main
from agents.training.trainer import Trainer
from tests.agents.checkpoints.conftest import small_config
from tests.agents.forked import Ended, forked, obey_permissions


@pytest.fixture(scope="module")
def run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 4 steps, to be extended."""
    output = tmp_path_factory.mktemp("runs") / "run"
    Trainer(small_config(dataset, output)).train(progress=False)
    return output


def said(ended: Ended) -> str:
    """The one line that a command ends with, beside the lines of its progress bar."""
    lines = [line for line in re.split(r"[\r\n]+", ended.err) if line.strip() and "training:" not in line]
    lines = [line for line in lines if "s of training" not in line]
    assert ended.code == 2, ended.err
    (line,) = lines
    assert line.startswith("air-envs: error: ")
    assert "weights_only" not in line
    return line.removeprefix("air-envs: error: ")


def limited(size: int, *args: str) -> Ended:
    """Run a command that may write files up to a size, as on a disk that is full then."""

    def command() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        main(list(args))

    return forked(command)


@pytest.mark.parametrize(
    ("size", "file"),
    [
        (0, r"\.lock"),
        (100, r"train\.json"),
        (1_800, r"metrics\.jsonl"),
        (2_000, r"metrics\.jsonl|events\.out\.tfevents"),
        (20_000, r"checkpoints/step-6/training\.pt"),
    ],
)
def test_a_full_disk(run: Path, tmp_path: Path, size: int, file: str) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    line = said(limited(size, "train", "--resume", str(folder), "--steps", "8"))
    last = folder / "checkpoints" / "step-4"
    expected = rf"{folder}/({file}): File too large"
    assert re.match(expected, line), line
    if size:  # training has begun
        assert line.endswith(f"; the last good checkpoint is {last}"), line
    assert checkpoint_steps(folder) == [2, 4]
    assert not [path for path in folder.rglob(".*") if path.name != ".lock"], "nothing is left half written"
    trainer = Trainer.resume(folder)
    assert trainer.step == 4
    trainer.train(progress=False)


def test_a_full_disk_at_the_first_checkpoint(dataset: Path, tmp_path: Path) -> None:
    config = small_config(dataset, tmp_path / "run", eval_every=4)

    def train() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        with pytest.raises(OSError, match="File too large") as caught:
            Trainer(config).train(progress=False)
        assert caught.value.filename == str(config.output / "checkpoints" / "step-2" / "training.pt")
        assert caught.value.strerror == "File too large"

    ended = forked(train)
    assert ended.code == 0, ended.err
    assert Trainer.resume(config.output).step == 0


@pytest.mark.skipif(sys.platform != "linux", reason="root is refused nothing elsewhere")
def test_a_read_only_folder(dataset: Path, run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    for path in (folder, *folder.rglob("*"), tmp_path):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def command(*args: str) -> Ended:
        def work() -> None:
            obey_permissions()
            main(["train", *args])

        return forked(work)

    new, flags = tmp_path / "new", ["--preset", "sudoku-4x4", "--dataset", str(dataset), "--output"]
    assert said(command("--resume", str(folder))) == f"{folder}/.lock: Permission denied"
    assert said(command(*flags, str(folder))).startswith(f"{folder}: holds a run already;")
    assert said(command(*flags, str(new))) == f"{new}: Permission denied"
    for path in (tmp_path, folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="root is refused nothing elsewhere")
def test_a_folder_that_becomes_read_only(dataset: Path, tmp_path: Path) -> None:
    config = small_config(dataset, tmp_path / "run", steps=6)

    def work() -> None:
        obey_permissions()
        trainer = Trainer(config)
        save = trainer.save

        def shut_then_save() -> None:
            if trainer.step == 4:
                (config.output / "checkpoints").chmod(0o555)
            save()

        trainer.save = shut_then_save  # type: ignore[method-assign]
        with pytest.raises(PermissionError) as caught:
            trainer.train(progress=False)
        assert caught.value.filename == str(config.output / "checkpoints" / "step-4")
        last = config.output / "checkpoints" / "step-2"
        assert caught.value.strerror == f"Permission denied; the last good checkpoint is {last}"

    ended = forked(work)
    (config.output / "checkpoints").chmod(0o755)
    assert ended.code == 0, ended.err
    assert checkpoint_steps(config.output) == [2]
    assert Trainer.resume(config.output).step == 2
