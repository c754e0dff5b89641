"""Values and tensors that a folder may hold instead of what it should, and what loading it may end in."""

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from agents.checkpoints.errors import CheckpointError

HUGE = 10**12
VALUES = (
    None,
    "x",
    "",
    1.5,
    -1,
    0,
    3,
    True,
    HUGE,
    10**400,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
    [],
    [1],
    {},
    {"a": 1},
)
"""What a field of JSON may hold instead of what it should."""
SECONDS = 1.0
"""Of processor time, that any folder takes to be refused."""


def tensors(right: torch.Tensor) -> dict[str, Any]:
    """What stands where a weight should."""
    nothing = torch.zeros(right.shape)
    return {
        "int8": nothing.to(torch.int8),
        "bool": nothing.bool(),
        "complex": nothing.to(torch.complex64),
        "sparse": torch.sparse_coo_tensor(size=tuple(right.shape) or (1,)),
        "huge sparse": torch.sparse_coo_tensor(torch.tensor([[0]]), torch.ones(1), (HUGE,)),
        "meta": torch.zeros(right.shape, device="meta"),
        "quantised": torch.quantize_per_tensor(nothing, 0.1, 0, torch.qint8),
        "nan": torch.full(right.shape, math.nan),
        "infinite": torch.full(right.shape, math.inf),
        "longer": torch.zeros(*right.shape, 2),
        "number": torch.tensor(1.0) if right.ndim else torch.ones(1),
        "huge": torch.zeros(1).expand(HUGE),
        "none": None,
        "text": "x",
        "list": [0.0],
        "dict": {"a": 1},
    }


def nested(depth: int = 100_000) -> bytes:
    return b"[" * depth + b"]" * depth


def refused(load: Any, *args: Any) -> str:
    """Call what must raise an error of one line, without taking its time; return the line."""
    start = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        load(*args)
    assert time.process_time() - start < SECONDS
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) <= 500
    assert "weights_only" not in message
    return message


def refused_or_used(load: Any, *args: Any) -> None:
    """Call what must end in such an error, or well; in no other error."""
    start, message = time.process_time(), ""
    try:
        load(*args)
    except CheckpointError as error:
        message = str(error)
    assert "\n" not in message
    assert time.process_time() - start < SECONDS


def leaves(value: Any, *place: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the places of all values inside containers."""
    if isinstance(value, dict | list | tuple) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in items:
            yield from leaves(part, *place, key)
    else:
        yield place


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def replaced(value: Any, place: tuple[Any, ...], by: Any) -> Any:
    """Return a copy of containers with another value at a place."""
    if not place:
        return by
    key, *rest = place
    part = replaced(value[key], tuple(rest), by)
    if isinstance(value, dict):
        return {**value, key: part}
    return type(value)(part if number == key else other for number, other in enumerate(value))
