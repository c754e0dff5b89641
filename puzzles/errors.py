"""The errors of the whole project: all are ``ValueError``, so that one handler turns bad input into one line."""


class PuzzleError(ValueError):
    """A puzzle, or a text that should hold one, is not what its family expects."""


class DatasetError(ValueError):
    """A dataset file is damaged, incomplete or not a dataset. The message starts with its path."""


def check_seed(seed: int) -> None:
    """Raise ``PuzzleError`` unless a generator takes the seed: 0 <= seed < 2**64."""
    if not 0 <= seed < 2**64:
        raise PuzzleError(f"seed {seed}, expected 0 <= seed < 2**64")
