"""Where to compute, and how precisely."""

from __future__ import annotations

import ctypes
import functools
import os
import timeit

import torch


def pick_device(name: str = "auto") -> torch.device:
    """Return the device called ``name``; "auto" is CUDA, else Apple's MPS, else the CPU.

    Under ``torchrun`` "cuda" is the GPU of this process's own number.

    Raises:
        ValueError: a device that this machine does not have.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, present in available.items() if present)
    if not available.get(name.partition(":")[0], False):
        present = [kind for kind, here in available.items() if here]
        raise ValueError(f"device {name!r} is not available here, expected auto or one of {present}")
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    return torch.device(name)


def prepare(device: torch.device) -> torch.device:
    """Make a device ready to train on: a CUDA one is this process's own, with TF32 for products of float32."""
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)
        torch.set_float32_matmul_precision("high")
    if device.type == "cpu":
        _keep_freed_memory()
    return device


def _keep_freed_memory() -> None:
    """Let glibc reuse freed memory of any size: to map it again for every activation costs a tenth of a step."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(_MMAP_THRESHOLD, 2**30)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)


# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


_DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the compute dtype called ``name``: bfloat16, float32, or "auto".

    "auto" is bfloat16 where the device multiplies it faster than float32, else float32: a CPU that has to emulate
    bfloat16 is hundreds of times slower with it, and some that have its instructions take twice as long.

    Raises:
        ValueError: another name.
    """
    if name == "auto":
        name = "bfloat16" if _multiplies_bfloat16(device) else "float32"
    if name not in _DTYPES:
        raise ValueError(f"dtype {name!r}, expected auto or one of {sorted(_DTYPES)}")
    return _DTYPES[name]


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported() and _bfloat16_is_faster()


@functools.cache
def _bfloat16_is_faster() -> bool:
    """Measure the CPU, in some milliseconds."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(_PROBED, _PROBED, dtype=dtype)
        seconds[dtype] = min(timeit.repeat("m @ m", globals={"m": matrix}, number=1, repeat=10))
    return seconds[torch.bfloat16] < seconds[torch.float32]


_PROBED = 512
