from pathlib import Path

import pytest

from agents.checkpoints.chain import link, read_chain, write_chain
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.manifest import read_manifest
from puzzles.dataset import Dataset


def test_a_chain_comes_back(dataset: Path, tmp_path: Path) -> None:
    assert read_chain(tmp_path, "unknown") == [{"run": "unknown", "datasets": None}]
    chain = [link("first", [Dataset(dataset)]), {"run": "second", "datasets": None}]
    write_chain(tmp_path, chain)
    assert read_chain(tmp_path, "unknown") == chain


@pytest.mark.parametrize("text", ["", "{", "{}", "3", "[3]", '[{"run": "x"}]', "\xff"])
def test_a_damaged_chain_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "chain.json").write_text(text, encoding="latin-1")
    with pytest.raises(CheckpointError, match=r"chain\.json: "):
        read_chain(tmp_path, "x")


def test_the_chain_of_a_pack_is_compared_with_its_manifest(model: Path, small_run: Path) -> None:
    assert read_chain(model, "x") == read_chain(small_run, "y")
    assert "chain.json" in (read_manifest(model) or {})
    write_chain(model, [{"run": "x", "datasets": None}])
    with pytest.raises(CheckpointError, match=r"chain\.json: .* manifest\.json"):
        read_chain(model, "x")
