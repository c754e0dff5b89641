"""Published puzzles from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from puzzles.dataset.layout import SPLITS
from puzzles.errors import DatasetError

PATTERNS = tuple(f"{split}{end}" for split in SPLITS for end in (".csv", ".txt", "/dataset.json", "/all__*"))


class Download(NamedTuple):
    """A data set of the hub on this machine."""

    folder: Path
    """Holds what ``import_puzzles`` reads."""
    notes: dict[str, str]
    """Where it comes from: the repository and its commit."""


def download(repository: str, revision: str | None = None) -> Download:
    """Fetch the split files of a data set, such as ``"sapientinc/sudoku-extreme"``, or find them in the cache.

    Args:
        repository: OWNER/NAME on the hub.
        revision: a branch, tag or commit; None means the newest.

    Raises:
        DatasetError: it cannot be fetched, or has no file that could be imported.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise DatasetError(
            f"{repository}: huggingface_hub is not installed, expected: pip install huggingface_hub"
        ) from None
    try:
        folder = Path(
            snapshot_download(repository, repo_type="dataset", revision=revision, allow_patterns=list(PATTERNS))
        )
    except (OSError, ValueError) as error:  # no such data set, no network, no right to it
        reason = " ".join(str(error).split())  # the hub's own messages have several lines
        raise DatasetError(f"{repository}: cannot be fetched from the Hugging Face hub: {reason}") from error
    if not any(any(folder.glob(pattern)) for pattern in PATTERNS):
        raise DatasetError(f"{repository}: no train and test file on the Hugging Face hub, expected {PATTERNS}")
    return Download(folder, {"hub": repository, "commit": folder.name})
