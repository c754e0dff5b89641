"""An exported model, run by ONNX Runtime: NumPy and onnxruntime, no torch.

Shapes: B batch, S positions of a state, D hidden, V vocabulary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.config.extras import require
from agents.config.model import EXPORTED
from agents.config.reading import parse_json

Floats = NDArray[np.float32]

FORMAT = 1
"""Of the folders that this version writes and reads."""
_NUMBERS = ("rows", "columns", "vocabulary_size", "act_steps")
_GRAPHS = ("start", "L", "H", "decode", "halt")
_BY_GRAPH = {"graphs": str, "sha256": str, "inputs": list, "outputs": list}
"""Fields of ``model.json`` that have a value of this type for each graph."""


class States(NamedTuple):
    """The two recurrent states and the embedded puzzle, (B, S, D) float32 each."""

    z_L: Floats
    z_H: Floats
    x: Floats


class Step(NamedTuple):
    """What a model says after an ACT step; of a single puzzle without the axis B."""

    act_step: int
    """Counted from 1."""
    cells: NDArray[np.uint8]
    """(B, rows, columns): the most probable cell values of z_H; one above the highest value where that is padding."""
    probability: Floats
    """(B, rows, columns, V - 1): of every cell value; what is missing to 1 is padding."""
    halting_probability: Any
    """(B,) float32: probability that all cells are right."""
    states: States
    """After the step; they keep the axis B."""


class OnnxReasoner:
    """A model that ``air-envs export-onnx`` wrote.

    Args:
        folder: with ``model.json`` and the graphs.
        threads: of the CPU; 0 takes all cores.

    Raises:
        ValueError: no such folder, one of a later version or for another runtime, or a damaged graph.
        ModuleNotFoundError: onnxruntime is not installed.
    """

    def __init__(self, folder: Path | str, threads: int = 0):
        require("onnxruntime")
        import onnxruntime

        folder = Path(folder)
        self.model = read_model(folder)
        """What ``model.json`` says."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._sessions = {
            name: onnxruntime.InferenceSession(_graph(folder, self.model, name), options, ["CPUExecutionProvider"])
            for name in _GRAPHS
        }

    def think(self, puzzle: Any, act_steps: int | None = None) -> Iterator[Step]:
        """Yield what the model says after each ACT step.

        Args:
            puzzle: (rows, columns) integers, a value per cell, or (B, rows, columns) for a batch.
            act_steps: how many; by default the model's maximum.

        Raises:
            ValueError: less than one ACT step, another shape, or a value that no cell has.
        """
        steps = self.model["act_steps"] if act_steps is None else act_steps
        if steps < 1:
            raise ValueError(f"ACT steps {steps}, expected at least 1")
        grids = np.asarray(puzzle)
        single = grids.ndim == 2
        states = self.start(grids[None] if single else grids)
        for act_step in range(1, steps + 1):
            for letter in self.model["program"]:
                states = self.update(letter, states)
            step = Step(act_step, *self.decode(states.z_H), self.halting_probability(states.z_H), states)
            yield _first(step) if single else step

    def start(self, puzzle: NDArray[Any]) -> States:
        """Return the states before the first update: (B, rows, columns) integers to (B, S, D) each.

        Raises:
            ValueError: another shape, or a value that no cell has.
        """
        shape, highest = (self.model["rows"], self.model["columns"]), self.model["vocabulary_size"] - 2
        if puzzle.ndim != 3 or not len(puzzle) or puzzle.shape[1:] != shape or puzzle.dtype.kind not in "iu":
            found = f"{puzzle.dtype} of shape {puzzle.shape}"
            raise ValueError(f"puzzle: {found}, expected integers of shape (B, {shape[0]}, {shape[1]}), B at least 1")
        if puzzle.min() < 0 or puzzle.max() > highest:
            raise ValueError(f"puzzle: cells {puzzle.min()} to {puzzle.max()}, expected 0 to {highest}")
        x, z_L, z_H = self._run("start", tokens=puzzle.reshape(len(puzzle), -1).astype(np.int64) + 1)
        return States(z_L, z_H, x)

    def update(self, letter: str, states: States) -> States:
        """Run one update: ``"L"`` or ``"H"``."""
        (new,) = self._run(letter, **states._asdict())
        return states._replace(**{f"z_{letter}": new})

    def logits(self, z: Floats) -> Floats:
        """Decode a state, z_H or z_L, to logits over tokens: (B, S, D) to (B, rows, columns, V)."""
        (logits,) = self._run("decode", z=z)
        return logits.reshape(len(z), self.model["rows"], self.model["columns"], -1)

    def decode(self, z: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """Decode a state, z_H or z_L, to the cells and the probability that a ``Step`` of a batch has."""
        logits = self.logits(z)
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        probability = (odds / odds.sum(-1, keepdims=True))[..., 1:]
        token = logits.argmax(-1)
        return np.where(token == 0, probability.shape[-1], token - 1).astype(np.uint8), probability

    def halting_logit(self, z_H: Floats) -> Floats:
        """Return the logit of "all cells of z_H are right": (B, S, D) to (B,)."""
        (logit,) = self._run("halt", z_H=z_H)
        return logit

    def halting_probability(self, z_H: Floats) -> Floats:
        """Return the same as a probability."""
        return 0.5 * (1 + np.tanh(0.5 * self.halting_logit(z_H)))

    def _run(self, name: str, **values: NDArray[Any]) -> list[Any]:
        read = {key: values[key] for key in self.model["inputs"][name]}
        return self._sessions[name].run(self.model["outputs"][name], read)


def _first(step: Step) -> Step:
    """Return what a step says of the first puzzle of a batch."""
    cells, probability, halting = step.cells[0], step.probability[0], step.halting_probability[0]
    return step._replace(cells=cells, probability=probability, halting_probability=halting)


def read_model(folder: Path) -> dict[str, Any]:
    """Return what ``model.json`` of an exported model says.

    Raises:
        ValueError: there is none, one of another format, or a damaged one.
    """
    path = folder / EXPORTED
    if not path.is_file():
        raise ValueError(f"{folder}: no {EXPORTED}, expected a folder that air-envs export-onnx wrote")
    try:
        values = parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    found = values.get("format") if isinstance(values, dict) else None
    if found != FORMAT:
        raise ValueError(f"{path}: format {found!r}, expected {FORMAT}")
    if damaged := _damaged(values):
        raise ValueError(f"{path}: damaged, its field {damaged!r} is missing or of another type")
    return values


def _damaged(values: dict[str, Any]) -> str | None:
    """Return the first field that the runtime reads and cannot use; None where it can use all."""
    for name, kind in {**dict.fromkeys(_NUMBERS, int), "program": str, **dict.fromkeys(_BY_GRAPH, dict)}.items():
        if not isinstance(values.get(name), kind):
            return name
    for name, kind in _BY_GRAPH.items():
        if not all(isinstance(values[name].get(graph), kind) for graph in _GRAPHS):
            return name
    return None


def _graph(folder: Path, model: dict[str, Any], name: str) -> bytes:
    path = folder / model["graphs"][name]
    if path.suffix != ".onnx":
        raise ValueError(f"{path}: expected an ONNX graph, which air-envs export-onnx --format onnx writes")
    if not path.is_file():
        raise ValueError(f"{path}: no such file, expected the graph that {EXPORTED} names")
    graph = path.read_bytes()
    if hashlib.sha256(graph).hexdigest() != model["sha256"][name]:
        raise ValueError(f"{path}: damaged, its sha256 is not the one in {EXPORTED}")
    return graph
