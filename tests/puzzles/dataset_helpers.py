"""What the tests of dataset files share: puzzles that all differ, and reading and changing a whole file."""

import contextlib
import sys
import threading

import h5py
import numpy as np

from puzzles import Puzzles
from puzzles.dataset import Dataset, Provenance, layout, split_keys

PROVENANCE = Provenance(
    "a test",
    {"clues": 7, "nested": {"list": [1, 2]}},
    2**64 - 1,
    "python -m tests 'a b' …",
    rating_convention="guesses-to-solution",
)


def generate(family, count, start=0, options=None):
    """Return ``count`` puzzles, no two equal by the split rule."""
    many = family.generate(np.arange(start, start + 4 * count, dtype=np.uint64), options)
    _, first = np.unique(split_keys(family, many.puzzle, many.solution), return_index=True)
    assert len(first) >= count
    return many.take(np.sort(first)[:count])


def symmetry_copy(family, batch, seed=0):
    """Return a random symmetry copy of each puzzle, perhaps the puzzle itself."""
    uniform = np.random.default_rng(seed).random((len(batch.puzzle), family.symmetry_dim))
    order, relabel = family.symmetries(uniform)
    return Puzzles(*(family.transform(grid, order, relabel) for grid in batch[:2]), batch.rating)


def symmetric(family, batch, seed=0):
    """Return a random symmetry copy of each puzzle, none equal to its original."""
    copy = symmetry_copy(family, batch, seed)
    assert (copy.puzzle != batch.puzzle).any(axis=(1, 2)).all()
    return copy


def same(one, other):
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def read_everything(path):
    dataset = Dataset(path)
    content = {split: dataset.split(split) for split in dataset.splits}
    return dataset.attributes, dataset.provenance, dataset.family.name, dataset.counts, content


def edit(path, change, attributes=True, hashes=False):
    """Change a file through h5py; then make the checksum over the attributes, and that of each array, right again."""
    with h5py.File(path, "r+") as file:
        change(file)
        found = {}
        for split in layout.SPLITS:
            for name in (*layout.ARRAYS, layout.SOURCE):
                if isinstance(array := file.get(f"{split}/{name}"), h5py.Dataset):
                    if hashes:
                        layout.set_value(array, "sha256", layout.hashlib.sha256(array[...].tobytes()).hexdigest())
                    found[f"{split}/{name}"] = layout.get_value(array, "sha256")
        if attributes and "checksum" in file.attrs:
            layout.set_value(file, "checksum", layout.checksum(layout.raw_attributes(file), found))


def set_attribute(name, value):
    return lambda file: layout.set_value(file, name, value)


@contextlib.contextmanager
def profiled(function):
    """Call ``function`` at every call in this thread and in those that it starts."""
    threading.setprofile(function)
    sys.setprofile(function)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
