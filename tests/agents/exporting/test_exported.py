"""An exported model as a user has it: written by the command, run without torch."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import puzzles
from agents.cli import main
from agents.exporting.runtime import OnnxReasoner
from agents.pretrained import load_pretrained
from tests.agents.cli.test_commands import fails
from tests.agents.exporting.parity import assert_same_run, assert_same_updates

pytest.importorskip("onnxruntime", reason="the extra web is not installed")
pytest.importorskip("onnxscript", reason="the extra web is not installed")

NAME, FAMILY = "maze-9x9", "maze-7x11"
WITHOUT_TORCH = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors", "huggingface_hub", "onnx", "onnxscript"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from agents.exporting.runtime import OnnxReasoner

*_, last = OnnxReasoner(sys.argv[1], threads=1).think(json.load(sys.stdin))
print(json.dumps([last.cells.tolist(), last.halting_probability.tolist()]))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shipped model, at another shape than its own: ten seconds, once per worker."""
    folder = tmp_path_factory.mktemp("exported") / "maze"
    main(["export-onnx", NAME, "--output", str(folder), "--family", FAMILY])
    return folder


@pytest.fixture(scope="module")
def mazes() -> puzzles.Grids:
    return puzzles.family(FAMILY).generate(np.arange(3, dtype=np.uint64)).puzzle


def test_the_same_as_torch_for_16_act_steps(exported: Path, mazes: puzzles.Grids) -> None:
    model, reasoner = load_pretrained(NAME).resized(FAMILY).eval(), OnnxReasoner(exported, threads=1)
    for batch in (mazes[:1], mazes):
        assert_same_run(model, reasoner, batch, act_steps=16)
        assert_same_updates(model, reasoner, batch, act_steps=2)


def test_without_torch_it_solves_puzzles(exported: Path, mazes: puzzles.Grids) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(exported)],
        input=json.dumps(mazes.tolist()), capture_output=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells, halting = json.loads(done.stdout)
    family = puzzles.family(FAMILY)
    assert family.is_solved(mazes, family.read_answer(mazes, np.array(cells, np.uint8))).all()
    assert min(halting) > 0.5


def test_what_model_json_says(exported: Path) -> None:
    said = json.loads((exported / "model.json").read_text())
    assert {name: said[name] for name in ("format", "name", "kind", "family", "rows", "columns")} == {
        "format": 1, "name": NAME, "kind": "maze", "family": FAMILY, "rows": 7, "columns": 11,
    }  # fmt: skip
    assert (said["program"], said["act_steps"], said["vocabulary_size"]) == ("LH", 16, 6)
    assert said["trained_on"].startswith("maze-9x9")
    assert said["inputs"]["H"] == ["z_L", "z_H"], "an H-update of this model does not read x"
    assert {path.name for path in exported.iterdir()} == {"model.json", *said["graphs"].values()}


def test_of_a_single_puzzle_there_is_no_axis_for_the_batch(exported: Path, mazes: puzzles.Grids) -> None:
    reasoner = OnnxReasoner(exported, threads=1)
    (single,), (batch,) = reasoner.think(mazes[1], 1), reasoner.think(mazes, 1)
    assert np.array_equal(single.cells, batch.cells[1])
    assert single.cells.shape == (7, 11)
    assert single.probability.shape == (7, 11, 5)
    np.testing.assert_allclose(single.halting_probability, batch.halting_probability[1], rtol=1e-4)


@pytest.mark.parametrize(
    ("puzzle", "act_steps", "message"),
    [
        (np.zeros((9, 9), int), 1, r"int64 of shape \(1, 9, 9\), expected integers of shape \(B, 7, 11\)"),
        (np.zeros((7, 11)), 1, "float64 of shape"),
        (np.zeros((0, 7, 11), int), 1, r"shape \(0, 7, 11\), expected .* B at least 1$"),
        (np.full((7, 11), 5), 1, "cells 5 to 5, expected 0 to 4"),
        (np.ones((7, 11), int), 0, "ACT steps 0, expected at least 1"),
    ],
)
def test_what_is_no_puzzle_is_refused(exported: Path, puzzle: np.ndarray, act_steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next(OnnxReasoner(exported, threads=1).think(puzzle, act_steps))


def test_what_is_no_exported_model_is_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no model\.json, expected a folder that air-envs export-onnx wrote$"):
        OnnxReasoner(tmp_path)
    folder = Path(shutil.copytree(exported, tmp_path / "copy"))
    (folder / "halt.onnx").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"halt\.onnx: damaged, its sha256 is not the one in model\.json$"):
        OnnxReasoner(folder)
    said = json.loads((folder / "model.json").read_text())
    for change, message in [
        ({"format": 2}, r"model\.json: format 2, expected 1$"),
        ({"graphs": said["graphs"] | {"start": "start.pt2"}}, r"start\.pt2: expected an ONNX graph"),
        ({"graphs": said["graphs"] | {"start": "none.onnx"}}, r"none\.onnx: no such file, expected the graph that"),
        ({"rows": None}, r"model\.json: damaged, its field 'rows' is missing or of another type$"),
        ({"program": 7}, r"model\.json: damaged, its field 'program' is"),
        ({"inputs": {}}, r"model\.json: damaged, its field 'inputs' is"),
        ({"sha256": dict.fromkeys(said["sha256"], 7)}, r"model\.json: damaged, its field 'sha256' is"),
    ]:
        (folder / "model.json").write_text(json.dumps(said | change))
        with pytest.raises(ValueError, match=message):
            OnnxReasoner(folder)
    for damaged, message in ((b"", "not JSON: "), (b"{", "not JSON: "), (b"\xff", "not UTF-8 at byte 0$")):
        (folder / "model.json").write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"model\.json: {message}"):
            OnnxReasoner(folder)


def test_the_command_refuses_in_one_line(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in exported.iterdir()}
    again = ["export-onnx", NAME, "--output", str(exported)]
    assert fails(again, capsys).endswith(
        f"{exported}: holds an exported model already; choose another output, or replace it with --overwrite"
    )
    assert fails([*again, "--overwrite", "--family", "sudoku-9x9"], capsys).endswith(
        "family sudoku-9x9, expected another shape of maze-9x9"
    )
    assert {path.name: path.read_bytes() for path in exported.iterdir()} == before
