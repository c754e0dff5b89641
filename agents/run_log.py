"""What a run leaves behind while it trains: ``metrics.jsonl`` for programs, TensorBoard for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from puzzles.files import replacing

METRICS = "metrics.jsonl"


class RunLog:
    """Appends metrics to a run's folder; a resumed run first drops what was written after its checkpoint."""

    def __init__(self, run: Path, step: int = 0):
        path = run / METRICS
        kept = [line for line in read_metrics(run) if line["step"] <= step] if step else []
        with replacing(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
        self._file = path.open("a")
        self._tensorboard = SummaryWriter(run, purge_step=step + 1 if step else None)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._tensorboard.close()

    def write(self, step: int, split: str, values: Mapping[str, Any]) -> None:
        """Write one line, and a TensorBoard scalar per number in it."""
        self._file.write(json.dumps({"step": step, "split": split, **values}) + "\n")
        self._file.flush()
        for name, value in values.items():
            if isinstance(value, int | float):
                self._tensorboard.add_scalar(f"{split}/{name}", value, step)


def read_metrics(run: Path, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the lines of a run's ``metrics.jsonl``, of one split ("train", "test") or all.

    A last line cut short by a kill is left out.
    """
    path = run / METRICS
    if not path.is_file():
        return
    for text in path.read_text().splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            return
        if split is None or line["split"] == split:
            yield line
