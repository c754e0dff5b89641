"""An exported model, run by ONNX Runtime: NumPy and onnxruntime, no torch.

Shapes: B batch, C cells, S positions of a state, D hidden, V vocabulary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.config.extras import require

require("onnxruntime")

import onnxruntime  # noqa: E402 - after the line that says what installs it

Floats = NDArray[np.float32]

MODEL = "model.json"
"""What an exported model is, in its folder."""
FORMAT = 1
"""Of the folders that this version writes and reads."""


class States(NamedTuple):
    """The two recurrent states and the embedded puzzle, (B, S, D) float32 each."""

    z_L: Floats
    z_H: Floats
    x: Floats


class Step(NamedTuple):
    """What a model says after an ACT step; without the axis B for a single puzzle."""

    act_step: int
    """Counted from 1."""
    cells: NDArray[np.uint8]
    """(B, rows, columns): the most probable cell values of z_H; one above the last value where that is padding."""
    probability: Floats
    """(B, rows, columns, V - 1): of every cell value; what is missing to 1 is padding."""
    halting_probability: Any
    """(B,) float32, or a float: probability that all cells are right."""
    states: States
    """After the step."""


class OnnxReasoner:
    """A model that ``air-envs export-onnx`` wrote.

    Args:
        folder: with ``model.json`` and its graphs.
        threads: of the CPU; 0 takes all cores.

    Raises:
        ValueError: no such folder, of a later version, or with a damaged graph.
        ModuleNotFoundError: onnxruntime is not installed.
    """

    def __init__(self, folder: Path | str, threads: int = 0):
        self.model = read_model(Path(folder))
        """What ``model.json`` says."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._sessions = {
            key: onnxruntime.InferenceSession(_graph(Path(folder), self.model, key), options, ["CPUExecutionProvider"])
            for key in self.model["graphs"]
        }

    def think(self, puzzle: Any, act_steps: int | None = None) -> Iterator[Step]:
        """Yield what the model says after each ACT step.

        Args:
            puzzle: (rows, columns) integers, cells as the family has them, or (B, rows, columns) for a batch.
            act_steps: how many, by default as many as in ``model.json``.

        Raises:
            ValueError: another shape, or a value that is no cell.
        """
        grids = np.asarray(puzzle)
        single, grids = grids.ndim == 2, grids if grids.ndim == 3 else grids[None]
        states = self.start(grids)
        for act_step in range(1, (self.model["act_steps"] if act_steps is None else act_steps) + 1):
            for letter in self.model["program"]:
                states = self.update(letter, states)
            said = *self.decode(states.z_H), self.halting_probability(states.z_H)
            yield Step(act_step, *((each[0] for each in said) if single else said), states)

    def start(self, puzzle: NDArray[Any]) -> States:
        """Return the states before the first update of a batch, (B, rows, columns) integers.

        Raises:
            ValueError: another shape, or a value that is no cell.
        """
        shape, values = (self.model["rows"], self.model["columns"]), self.model["vocabulary_size"] - 1
        if puzzle.shape[1:] != shape or puzzle.dtype.kind not in "iu":
            raise ValueError(f"puzzle: {puzzle.dtype} of shape {puzzle.shape[1:]}, expected integers of shape {shape}")
        if puzzle.size and not (0 <= puzzle.min() and puzzle.max() < values):
            raise ValueError(f"puzzle: cells {puzzle.min()} to {puzzle.max()}, expected 0 to {values - 1}")
        tokens = puzzle.reshape(len(puzzle), -1).astype(np.int64) + 1
        x, z_L, z_H = self._run("start", tokens=tokens)
        return States(z_L, z_H, x)

    def update(self, letter: str, states: States) -> States:
        """Run the L- or H-update."""
        (new,) = self._run(letter, **states._asdict())
        return states._replace(**{f"z_{letter}": new})

    def decode(self, z: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """Decode a state, z_H or z_L, to ``cells`` and ``probability`` of a ``Step``: (B, S, D) to a batch of each."""
        (logits,) = self._run("decode", z=z)
        logits = logits.reshape(len(z), self.model["rows"], self.model["columns"], -1)
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        probability = (odds / odds.sum(-1, keepdims=True))[..., 1:]
        token = logits.argmax(-1)
        undecided = probability.shape[-1]
        return np.where(token == 0, undecided, token - 1).astype(np.uint8), probability

    def halting_probability(self, z_H: Floats) -> Floats:
        """Return the probability that all cells of z_H are right: (B, S, D) to (B,)."""
        (logit,) = self._run("halt", z_H=z_H)
        return 0.5 * (1 + np.tanh(0.5 * logit))

    def _run(self, key: str, **values: NDArray[Any]) -> list[Any]:
        needed = {name: values[name] for name in self.model["inputs"][key]}
        return self._sessions[key].run(self.model["outputs"][key], needed)


def read_model(folder: Path) -> dict[str, Any]:
    """Return what ``model.json`` of an exported model says.

    Raises:
        ValueError: there is none, or one of a later version or for another runtime.
    """
    path = folder / MODEL
    if not path.is_file():
        raise ValueError(f"{folder}: no {MODEL}, expected a folder that air-envs export-onnx wrote")
    values = json.loads(path.read_bytes())
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError(
            f"{path}: format {values.get('format') if isinstance(values, dict) else values!r}, expected {FORMAT}"
        )
    return values


def _graph(folder: Path, model: dict[str, Any], key: str) -> bytes:
    path = folder / model["graphs"][key]
    if path.suffix != ".onnx":
        raise ValueError(f"{path}: expected an ONNX graph, which air-envs export-onnx --format onnx writes")
    graph = path.read_bytes()
    if hashlib.sha256(graph).hexdigest() != model["sha256"][key]:
        raise ValueError(f"{path}: damaged, its sha256 is not the one in {MODEL}")
    return graph
