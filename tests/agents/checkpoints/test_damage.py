"""One byte changed, or a file cut short: an error that names the file, or nothing is other than before."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import BEST_EVALUATION, load_model
from agents.checkpoints.manifest import read_object
from agents.hub.generator import generator_options
from agents.training.trainer import Trainer
from tests.agents.training.runs import same

FEW, MANY = (60, 20), (1_000, 300)
"""Changed bytes and truncations: in every run of the tests, and in the slow one."""


def model(folder: Path) -> Any:
    found = load_model(folder)
    return found.config, dict(found.state_dict())


def resumed(run: Path) -> Any:
    trainer = Trainer.resume(run)
    return trainer.config, trainer.state()


USES: dict[str, list[Callable[[Path], Any]]] = {
    ".": [model, resumed],
    "best": [model, lambda folder: read_object(folder, BEST_EVALUATION)],
    "pack": [model, generator_options],
}
"""What reads the files of each folder."""
LISTED = ("config.json", "model.safetensors", "training.pt", "train.json", "manifest.json", "evaluation.json")


@pytest.fixture
def folder(small_run: Path, small_pack: Path, tmp_path: Path) -> Path:
    """A run with a pack inside, without ``checkpoints``: its files are links to the newest, damaged with it."""
    copy = tmp_path / "run"
    shutil.copytree(small_run, copy, ignore=shutil.ignore_patterns("checkpoints", "events*"))
    shutil.copytree(small_pack, copy / "pack")
    return copy


def files(folder: Path) -> list[tuple[str, Path]]:
    names = (*LISTED, "generator.json")
    return [(place, folder / place / name) for place in USES for name in names if (folder / place / name).is_file()]


def changes(chosen: random.Random, data: bytes, flips: int, cuts: int) -> Iterator[bytes]:
    for _ in range(flips):
        place = chosen.randrange(len(data))
        yield data[:place] + bytes([data[place] ^ 1 << chosen.randrange(8)]) + data[place + 1 :]
    for _ in range(cuts):
        yield data[: chosen.randrange(len(data))]


@pytest.mark.parametrize("counts", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def test_no_damage_is_silent(folder: Path, counts: tuple[int, int]) -> None:
    known = files(folder)
    expected = {place: [use(folder / place) for use in uses] for place, uses in USES.items()}
    assert len(known) == 5 + 4 + 4
    chosen, refused, harmless = random.Random(0), 0, 0
    for number, (place, path) in enumerate(known):
        whole = path.read_bytes()
        shares = [count // len(known) + (number < count % len(known)) for count in counts]
        for damaged in changes(chosen, whole, *shares):
            path.write_bytes(damaged)
            errors = []
            for use, right in zip(USES[place], expected[place], strict=True):
                try:
                    found = use(folder / place)
                except CheckpointError as error:
                    errors.append(str(error))
                else:
                    assert same(found, right), f"{path} was damaged, and used"
            assert all(path.name in error and "\n" not in error for error in errors), errors
            refused, harmless = refused + bool(errors), harmless + (not errors)
        path.write_bytes(whole)
    assert refused + harmless == sum(counts)
    assert harmless < 0.05 * refused, "white space in JSON is all that may change"


def test_what_a_damaged_checkpoint_says(folder: Path) -> None:
    for name, load in [("model.safetensors", load_model), ("config.json", load_model), ("training.pt", Trainer.resume)]:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        with pytest.raises(CheckpointError, match=rf"^{folder / name}: damaged, its sha256 is not the one in manifest"):
            load(folder)
        (folder / name).write_bytes(whole[:-1])
        size = len(whole)
        with pytest.raises(CheckpointError, match=rf"{name}: {size - 1:,} bytes, expected {size:,} by manifest.json"):
            load(folder)
        (folder / name).write_bytes(whole)


def test_a_deleted_manifest_is_missed(folder: Path) -> None:
    for place in (folder, folder / "best", folder / "pack"):
        (place / "manifest.json").unlink()
        with pytest.raises(CheckpointError, match=r"no manifest\.json, which belongs to its config\.json"):
            load_model(place)
    with pytest.raises(CheckpointError, match=r"no manifest\.json"):
        Trainer.resume(folder)
    with pytest.raises(CheckpointError, match=r"no manifest\.json"):
        generator_options(folder / "pack")


def test_a_run_goes_on_from_its_newest_checkpoint_where_its_own_files_are_damaged(
    small_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    expected = Trainer.resume(run).state()
    for name in ("config.json", "model.safetensors", "training.pt", "manifest.json"):
        (run / name).write_bytes((run / name).read_bytes()[:-2] + b"!!")
    assert same(Trainer.resume(run).state(), expected)
    load_model(run)


def test_the_checkpoint_before_a_damaged_one_is_named_and_taken(small_run: Path, tmp_path: Path) -> None:
    from agents.checkpoints.folder import rewind

    run = shutil.copytree(small_run, tmp_path / "run")
    for path in (run / "training.pt", run / "checkpoints" / "step-4" / "training.pt"):
        path.write_bytes(path.read_bytes()[:-2] + b"!!")
    with pytest.raises(CheckpointError, match=r"training\.pt: damaged.*; --from-step 2 resumes from the checkpoint be"):
        Trainer.resume(run)
    rewind(run, 2)
    assert Trainer.resume(run).step == 2


def test_no_damaged_checkpoint_is_gone_back_to(small_run: Path, tmp_path: Path) -> None:
    """It would cost the good ones after it."""
    from agents.checkpoints.folder import rewind

    run = shutil.copytree(small_run, tmp_path / "run")
    path = run / "checkpoints" / "step-2" / "training.pt"
    path.write_bytes(path.read_bytes()[:-2] + b"!!")
    with pytest.raises(CheckpointError, match=r"step-2/training\.pt: damaged"):
        rewind(run, 2)
    assert Trainer.resume(run).step == 4
