"""Compressed weights: the same checkpoint in less room, and damage or a bomb refused in one line."""

import lzma
import shutil
from pathlib import Path

import pytest
import torch

from agents.checkpoints.compression import MAX_BYTES, compress, stored
from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.folder import load_model, save_model
from agents.checkpoints.kinds import COMPRESSED_WEIGHTS, WEIGHTS, kind_of, require_replaceable
from agents.checkpoints.manifest import check_files, read_checked, read_manifest
from agents.evaluation.records import weights_hash
from agents.hub.packing import pack
from agents.thinking.agent import as_agent
from agents.training.trainer import Trainer
from tests.agents.checkpoints.conftest import small_config
from tests.agents.checkpoints.hostile import refused


@pytest.fixture
def compressed(model: Path) -> Path:
    """A pack whose weights are compressed and nothing else is changed."""
    (model / COMPRESSED_WEIGHTS).write_bytes(compress((model / WEIGHTS).read_bytes()))
    (model / WEIGHTS).unlink()
    return model


def test_both_forms_are_one_checkpoint(compressed: Path, small_pack: Path) -> None:
    assert kind_of(compressed) == kind_of(small_pack) == "pack"
    require_replaceable(compressed, True, "pack")
    check_files(compressed)
    assert read_checked(compressed, WEIGHTS) == (small_pack / WEIGHTS).read_bytes()
    assert weights_hash(compressed) == weights_hash(small_pack) == (read_manifest(small_pack) or {})[WEIGHTS].sha256
    expected = load_model(small_pack).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in load_model(compressed).state_dict().items())


def test_a_model_is_written_in_either_form(small_pack: Path, tmp_path: Path) -> None:
    model = load_model(small_pack)
    for name in ("plain", "compressed"):
        save_model(model, tmp_path / name, torch.bfloat16, compressed=name == "compressed")
    assert {file.name for file in (tmp_path / "compressed").iterdir()} == {
        "config.json", "manifest.json", COMPRESSED_WEIGHTS
    }  # fmt: skip
    assert (tmp_path / "compressed" / "manifest.json").read_text() == (tmp_path / "plain" / "manifest.json").read_text()
    assert read_checked(tmp_path / "compressed", WEIGHTS) == (tmp_path / "plain" / WEIGHTS).read_bytes()


def test_a_shipped_model_is_packed_compressed(
    small_run: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.hub.packing.FOLDER", tmp_path / "shipped")
    pack(small_run, tmp_path / "shipped" / "new", dataset, puzzles=2)
    pack(small_run, tmp_path / "mine", dataset, puzzles=2)
    assert not (tmp_path / "shipped" / "new" / WEIGHTS).exists()
    assert not (tmp_path / "mine" / COMPRESSED_WEIGHTS).exists()
    assert weights_hash(tmp_path / "shipped" / "new") == weights_hash(tmp_path / "mine")


def test_a_replaced_compressed_model_is_loaded_again(compressed: Path) -> None:
    before = as_agent(compressed, "cpu")
    assert as_agent(compressed, "cpu") is before
    changed = before.model.state_dict()["embedding"] + 1
    model = load_model(compressed)
    model.embedding.data.copy_(changed)
    save_model(model, compressed, compressed=True)
    assert torch.equal(as_agent(compressed, "cpu").model.embedding, changed)


def test_a_new_run_removes_the_compressed_weights_of_a_model_that_it_replaces(compressed: Path, dataset: Path) -> None:
    run = small_config(dataset, compressed, steps=1)
    with pytest.raises(OccupiedError, match="holds a packed model already"):
        Trainer(run).train(progress=False)
    assert (compressed / COMPRESSED_WEIGHTS).exists()
    Trainer(run).train(progress=False, overwrite=True)
    assert not (compressed / COMPRESSED_WEIGHTS).exists()
    load_model(compressed)


def test_every_damaged_byte_is_found(compressed: Path) -> None:
    path = compressed / COMPRESSED_WEIGHTS
    whole, right = path.read_bytes(), read_checked(compressed, WEIGHTS)
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert refused(read_checked, compressed, WEIGHTS).startswith(f"{path}: ")
        path.write_bytes(whole[:place])
        assert refused(read_checked, compressed, WEIGHTS).startswith(f"{path}: cut short, {place:,} bytes")
    path.write_bytes(whole)
    assert read_checked(compressed, WEIGHTS) == right


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"no xz at all", "damaged, or no xz file: Input format not supported by decoder"),
        (compress(b"other weights"), r"13 bytes, expected \d+,?\d* by manifest.json: cut short or replaced"),
        (compress(b"a") + b"rest", "4 bytes after the end of the xz data"),
        (compress(b"a") + compress(b"b"), r"\d+ bytes after the end of the xz data"),
    ],
)
def test_other_content_is_refused(compressed: Path, data: bytes, expected: str) -> None:
    (compressed / COMPRESSED_WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"^{compressed / COMPRESSED_WEIGHTS}: {expected}$"):
        load_model(compressed)


def test_content_of_the_right_size_is_compared_too(compressed: Path) -> None:
    right = read_checked(compressed, WEIGHTS)
    (compressed / COMPRESSED_WEIGHTS).write_bytes(compress(right[:-1] + bytes([right[-1] ^ 1])))
    with pytest.raises(CheckpointError, match=r"safetensors\.xz: damaged, its sha256 is not the one in manifest"):
        load_model(compressed)


def test_a_bomb_is_refused_before_it_fills_the_memory(compressed: Path) -> None:
    bomb = lzma.compress(bytes(20 * MAX_BYTES), preset=0)
    assert len(bomb) < 100_000
    (compressed / COMPRESSED_WEIGHTS).write_bytes(bomb)
    assert refused(load_model, compressed).endswith("model.safetensors.xz: decompresses to more than 16 MiB")
    large = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    (compressed / COMPRESSED_WEIGHTS).write_bytes(lzma.compress(b"small", filters=large))
    assert refused(load_model, compressed).endswith("damaged, or no xz file: Memory usage limit exceeded")


def test_too_much_to_compress_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^16,777,217 bytes to compress, expected at most 16,777,216$"):
        compress(bytes(MAX_BYTES + 1))


def test_a_plain_file_is_read_where_both_are_there(compressed: Path, small_pack: Path) -> None:
    shutil.copyfile(small_pack / WEIGHTS, compressed / WEIGHTS)
    (compressed / COMPRESSED_WEIGHTS).write_bytes(b"old")
    assert stored(compressed / WEIGHTS) == compressed / WEIGHTS
    load_model(compressed)
