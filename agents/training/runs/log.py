"""What a run leaves behind while it trains: ``metrics.jsonl`` for programs, TensorBoard and W&B for people."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from torch.utils.tensorboard import SummaryWriter

from agents.config.extras import require
from agents.config.reading import shown
from puzzles.files import errors_named, replacing

METRICS, WANDB_ID = "metrics.jsonl", "wandb.id"


class Sink(Protocol):
    """One place that metrics go to."""

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Take one line."""

    def flush(self) -> None:
        """Bring to the disk what was written."""

    def close(self) -> None:
        """Write no more."""


class RunLog:
    """Hands metrics to its sinks; without any, to nobody."""

    def __init__(self, *sinks: Sink):
        self.sinks = sinks

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An error on the way is what is to be said, not that of a full disk which refuses the rest as well.
        with contextlib.suppress(*([] if error is None else [OSError])), contextlib.ExitStack() as stack:
            for sink in self.sinks:
                stack.callback(sink.close)

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Write one line: the values of a split ("train", "validation", "validation-NAME") at a step."""
        for sink in self.sinks:
            sink.write(step, split, values)

    def flush(self) -> None:
        """Bring everything to the disk: what a checkpoint stands on must not be lost."""
        for sink in self.sinks:
            sink.flush()


def open_log(run: Path, step: int, wandb: str | None, config: Mapping[str, Any]) -> RunLog:
    """Open a run's log to continue after ``step``; lines of later steps, written after its checkpoint, are dropped.

    Raises:
        ModuleNotFoundError: a W&B project is named, but the package is missing.
    """
    sinks: list[Sink] = [] if wandb is None else [WandbSink(run, wandb, config)]
    return RunLog(JsonLines(run, step), TensorBoard(run, step), *sinks)


class JsonLines:
    """``metrics.jsonl``, one object a line."""

    def __init__(self, run: Path, step: int):
        kept = [line for line in read_metrics(run) if line["step"] <= step] if step else []
        self._run, self._path = run, run / METRICS
        self._before = {(line["step"], line["split"]) for line in kept}
        self._begin(kept)

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Append one line, in place of those of the same step and split that a resumed run has.

        A kill of the process no longer loses it.
        """
        line = {"step": step, **values, "split": split}
        with errors_named(self._path):
            if (step, split) in self._before:
                self._file.close()
                lines = read_metrics(self._run)
                self._begin([*(old for old in lines if (old["step"], old["split"]) != (step, split)), line])
            else:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()

    def flush(self) -> None:
        """Bring the lines to the disk."""
        with errors_named(self._path):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        with errors_named(self._path):
            self._file.close()

    def _begin(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write these lines as the whole file, and open it to append others."""
        with replacing(self._path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        self._file = self._path.open("a", encoding="utf-8")


class TensorBoard:
    """A TensorBoard scalar per number."""

    def __init__(self, run: Path, step: int):
        self._path = run / "events.out.tfevents"
        self._before = threading.excepthook
        threading.excepthook = self._thread_failed
        with errors_named(self._path):
            self._writer = SummaryWriter(run, purge_step=step + 1)

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Add the numbers of one line."""
        with errors_named(self._path):
            for name, value in _scalars(split, values).items():
                self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        """Bring the events to the disk."""
        with errors_named(self._path):
            self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        try:
            with errors_named(self._path):
                self._writer.close()
        finally:
            threading.excepthook = self._before

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """Say nothing of a failed write in the writer's own thread: the next call raises it here."""
        ours = type(failure.thread).__module__.startswith("tensorboard.")
        if not (ours and isinstance(failure.exc_value, OSError)):
            self._before(failure)


class WandbSink:
    """Weights & Biases; a resumed run continues under its id, and steps that it repeats are ignored there."""

    def __init__(self, run: Path, project: str, config: Mapping[str, Any]):
        require("wandb")
        import wandb

        path = run / WANDB_ID
        if not path.is_file():
            with replacing(path) as temporary:
                temporary.write_text(uuid.uuid4().hex, encoding="utf-8")
        self._run = wandb.init(
            project=project,
            name=run.name,
            id=path.read_text(encoding="utf-8"),
            resume="allow",
            dir=str(run),
            config=dict(config),
        )

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Log the numbers of one line."""
        self._run.log(_scalars(split, values), step=step)

    def flush(self) -> None:
        """Do nothing: it sends by itself."""

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()


def read_metrics(run: Path, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the lines of a run's ``metrics.jsonl``, of one split ("train", "validation") or all.

    A last line cut short by a kill is left out.

    Raises:
        ValueError: a damaged line, other than that; the message names it.
    """
    path = run / METRICS
    if not path.is_file():
        return
    lines = path.read_bytes().splitlines()
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
        except ValueError:  # no UTF-8, or no JSON
            if number == len(lines):
                return
            line = None
        if not isinstance(line, dict) or type(line.get("step")) is not int or type(line.get("split")) is not str:
            found = shown(text.decode(errors="replace"))
            raise ValueError(f"{path} line {number}: found {found}, expected an object with step and split")
        if split is None or line["split"] == split:
            yield line


def _scalars(split: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {f"{split}/{name}": value for name, value in values.items() if isinstance(value, int | float)}
