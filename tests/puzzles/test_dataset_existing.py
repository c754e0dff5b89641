"""Nothing is replaced unasked: what is there is kept, or named, with what differs and how to replace it."""

import h5py
import pytest

import puzzles
from agents.cli import main
from puzzles.build import build_dataset
from puzzles.dataset import Dataset, write_dataset
from puzzles.importers import import_puzzles
from puzzles.mixing import mix_datasets
from puzzles.shares import from_dataset, mix_by_shares
from puzzles.sudoku import SudokuOptions
from tests.puzzles.dataset_helpers import PROVENANCE, edit, set_attribute
from tests.puzzles.importer_helpers import write_text

SAME = {"train": 30, "test": 10, "seed": 3, "progress": False}
ASK = "nothing is replaced without overwrite=True (--overwrite)"


def build(path, family="sudoku-4x4", **changes):
    return build_dataset(path, family, **{**SAME, **changes})


@pytest.fixture
def built(tmp_path):
    return build(tmp_path / "set.h5").path


def kept(path, call):
    """Return the message of the refusal, having checked that the file is what it was and alone."""
    before = path.read_bytes(), path.stat().st_ino
    with pytest.raises(FileExistsError) as caught:
        call()
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(".")] == []
    assert caught.value.filename == str(path)
    return caught.value.strerror


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seed": 4}, "seed 3, expected 4"),
        ({"train": 31}, "train puzzles 30, expected 31"),
        ({"train": 30, "test": 0}, "test puzzles 10, expected 0"),
        ({"family": "sudoku-6x6"}, "family sudoku-4x4, expected sudoku-6x6"),
        ({"options": SudokuOptions(clues=6)}, "clues null, expected 6"),
        ({"seed": 5, "train": 9, "test": 9}, "seed 3, expected 5; train puzzles 30, expected 9; test puzzles 10, exp"),
    ],
)
def test_another_dataset_is_not_built_over(built, changes, difference):
    message = kept(built, lambda: build(built, **changes))
    made = Dataset(built).provenance.command
    assert message.startswith(f"another dataset, made by `{made}`, is there: {difference}")
    assert message.endswith(f"; {ASK}")
    assert build(built, **changes, overwrite=True).path == built
    assert Dataset(built).counts != {"train": 30, "test": 10} or "another" in kept(built, lambda: build(built))


def test_the_same_dataset_is_left_alone_even_in_a_read_only_folder(built, capsys):
    before = built.stat()
    built.parent.chmod(0o555)
    try:
        dataset = build_dataset(built, "sudoku-4x4", **SAME | {"progress": True}, command="another command", workers=1)
    finally:
        built.parent.chmod(0o755)
    after = built.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert dataset.provenance.command != "another command"
    assert capsys.readouterr().err == f"{built}: there already\n"


def test_the_same_dataset_is_made_again_when_asked_for(built):
    before = built.read_bytes(), built.stat().st_ino
    build(built, overwrite=True)
    assert (built.read_bytes(), built.stat().st_ino != before[1]) == (before[0], True)


def test_a_dataset_of_another_release_is_another_dataset(built):
    versions = Dataset(built).attributes["versions"]
    edit(built, set_attribute("versions", puzzles.dataset.layout.to_json(versions | {"air-envs": "0.0.9"})))
    message = kept(built, lambda: build(built))
    assert f"is there: air-envs version 0.0.9, expected {versions['air-envs']}; {ASK}" in message


def test_a_damaged_dataset_is_neither_the_same_nor_replaced(built):
    with h5py.File(built, "r+") as file:
        file["train/rating"][7] += 1
    assert kept(built, lambda: build(built)).startswith("a file is there: train/rating has sha256 ")
    build(built, overwrite=True)
    assert build(built).split("train").rating.shape == (30,)


@pytest.mark.parametrize("content", [b"", b"notes of mine\n"])
def test_a_file_that_is_no_dataset_is_not_replaced(tmp_path, content):
    path = tmp_path / "set.h5"
    path.write_bytes(content)
    message = kept(path, lambda: build(path))
    assert message.startswith("a file is there: damaged, or no HDF5 file: ")
    assert message.endswith(ASK)


def test_a_writer_replaces_nothing_unasked(path, sudoku, train, test):
    assert kept(path, lambda: write_dataset(path, sudoku, train, test, provenance=PROVENANCE)) == (
        f"a file is there; {ASK}"
    )
    write_dataset(path, sudoku, test, train, provenance=PROVENANCE, overwrite=True)
    assert Dataset(path).counts == {"train": 30, "test": 90}


def test_imports_replace_nothing_unasked(tmp_path, built, sudokus):
    source, output = write_text(tmp_path / "list.txt", *sudokus), tmp_path / "out.h5"

    def run(target, **more):
        return import_puzzles(source, target, progress=False, **{"seed": 3, "on_duplicate": "drop", **more})

    message = kept(built, lambda: run(built))
    assert "is there: family sudoku-4x4, expected sudoku-6x6; generator air_envs generator, expected imp" in message
    first = run(output)
    before = output.stat().st_mtime_ns, output.stat().st_ino
    again = run(output, command="another")
    assert (again.counts, again.dropped, again.family) == (first.counts, 0, "sudoku-6x6")
    assert (output.stat().st_mtime_ns, output.stat().st_ino) == before
    assert "seed 3, expected 4" in kept(output, lambda: run(output, seed=4))
    assert "test null, expected 9" in kept(output, lambda: run(output, test=9))
    with source.open("a", encoding="utf-8") as file:
        file.write("# a comment\n")
    assert "files {" in kept(output, lambda: run(output))
    assert run(output, test=9, overwrite=True).counts == {"train": 51, "test": 9}
    assert "test 9, expected null" in kept(output, lambda: run(output))
    assert "validation_share null, expected 0.1" in kept(output, lambda: run(output, test=9, validation_share=0.1))
    run(output, test=9, zero="blank", overwrite=True)
    assert "zero blank, expected null" in kept(output, lambda: run(output, test=9))


def test_mixtures_replace_nothing_unasked(tmp_path, built):
    one, other = Dataset(built), build(tmp_path / "other.h5", seed=4)
    output = tmp_path / "mixed.h5"
    mix_datasets(output, [one], other)
    before = output.stat().st_ino
    mix_datasets(output, [one], other, command="another")
    assert output.stat().st_ino == before
    assert "is there: train [{" in kept(output, lambda: mix_datasets(output, [one, other], other))
    assert "is there: generator air_envs generator, exp" in kept(built, lambda: mix_datasets(built, [one], other))
    mix_datasets(output, [one, other], other, overwrite=True)
    assert output.stat().st_ino != before


def test_mixtures_by_shares_replace_nothing_unasked(tmp_path, built):
    output, other = tmp_path / "mixed.h5", build(tmp_path / "other.h5", seed=4)
    sources = [from_dataset("one", 1, Dataset(built)), from_dataset("other", 3, other)]
    first = mix_by_shares(output, sources, 40, progress=False)
    before = output.stat().st_ino
    again = mix_by_shares(output, sources, 40, command="another", progress=False)
    assert (output.stat().st_ino, again.shortage) == (before, first.shortage)
    assert first.shortage.startswith("other: ")
    assert "is there: asked 40, expected 8" in kept(output, lambda: mix_by_shares(output, sources, 8, progress=False))
    assert "is there: sources [{" in kept(output, lambda: mix_by_shares(output, sources[:1], 40, progress=False))
    mix_by_shares(output, sources, 8, progress=False, overwrite=True)
    assert Dataset(output).counts["test"] == 8


def test_a_mixture_is_another_one_where_what_is_held_out_has_changed(tmp_path, built):
    one, held_out = Dataset(built), build(tmp_path / "held.h5", seed=4)
    output = tmp_path / "mixed.h5"
    mix_datasets(output, [one], one, [held_out])
    build(held_out.path, seed=5, overwrite=True)
    message = kept(output, lambda: mix_datasets(output, [one], one, [Dataset(held_out.path)]))
    assert "is there: held_out [{" in message


def test_the_commands_name_the_flag_and_take_it(tmp_path, built, capsys):
    words = ["data", "build", "sudoku-4x4", "--train", "20", "--test", "10", "--output", str(built)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"air-envs: error: {built}: another dataset, made by `build_dataset('sudoku-4x4', ")
    assert err.endswith(
        f"`, is there: seed 3, expected 0; train puzzles 30, expected 20; validation puzzles 0, expected 10; {ASK}\n"
    )
    main([*words, "--overwrite"])
    assert Dataset(built).counts == {"train": 20, "validation": 10, "test": 10}
    for _ in range(2):
        main(["data", "mix", str(built), "--test", str(built), "--output", str(tmp_path / "m.h5"), "--overwrite"])
    command = Dataset(tmp_path / "m.h5").provenance.command
    assert command == f"air-envs data mix {built} --test {built} --output {tmp_path / 'm.h5'}"


def test_a_build_over_another_dataset_can_be_interrupted_and_resumed(built, monkeypatch):
    before = built.read_bytes()
    original, calls = puzzles.sudoku.Sudoku.generate, []

    def failing(self, seeds, options=None):
        calls.append(len(seeds))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, seeds, options)

    with monkeypatch.context() as patch:
        patch.setattr(puzzles.sudoku.Sudoku, "generate", failing)
        with pytest.raises(KeyboardInterrupt):
            build(built, seed=9, overwrite=True, workers=1, shard=10)
    assert built.read_bytes() == before
    assert [file.name for file in built.parent.iterdir() if file.name.startswith(".")] == [".set.h5.journal"]
    assert build(built, seed=9, overwrite=True).provenance.seed == 9
    assert [file.name for file in built.parent.iterdir()] == ["set.h5"]
