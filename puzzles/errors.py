"""The errors of the whole project: all are ``ValueError``, so that one handler turns bad input into one line."""

import numbers


class PuzzleError(ValueError):
    """A puzzle, or a text that should hold one, is not what its family expects."""


class GenerationError(PuzzleError):
    """No puzzle was found for a seed, with options that can be met in principle."""

    def __init__(self, seed: int | None, reason: str):
        super().__init__(seed, reason)
        self.seed, self.reason = seed, reason

    def __str__(self) -> str:
        return self.reason if self.seed is None else f"seed {self.seed}: {self.reason}"


class DatasetError(ValueError):
    """A dataset file is damaged, incomplete or not a dataset. The message starts with its path."""


def is_whole(value: object) -> bool:
    """Return whether a value is an integer of Python or NumPy, and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Return whether a value is a number of Python or NumPy other than NaN, and no bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value == value


def shapeless(grid: object) -> str:
    """Return in words what NumPy can make no array of."""
    return "ragged rows" if isinstance(grid, (list, tuple)) else f"a {type(grid).__name__} of no shape"


def check_seed(seed: int) -> None:
    """Raise ``PuzzleError`` unless a generator takes the seed: 0 <= seed < 2**64."""
    if not 0 <= seed < 2**64:
        raise PuzzleError(f"seed {seed}, expected 0 <= seed < 2**64")
