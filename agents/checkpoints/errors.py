"""What is raised for a checkpoint that can't be used."""

from __future__ import annotations

from agents.config.messages import one_line


class CheckpointError(ValueError):
    """A checkpoint folder lacks a file or holds a damaged one. The message is one line and starts with the path."""

    def __init__(self, message: str):
        super().__init__(one_line(message))


class OccupiedError(CheckpointError, FileExistsError):
    """The place of a new folder is taken, and is not replaced without --overwrite."""
