"""What an extra of the package installs, and what to say where it is missing."""

from __future__ import annotations

import importlib.util
import sys

EXTRAS = {
    "huggingface_hub": "agents",
    "imageio_ffmpeg": "video",
    "jinja2": "agents",
    "matplotlib": "agents",
    "safetensors": "agents",
    "sb3_contrib": "agents",
    "stable_baselines3": "agents",
    "tensorboard": "agents",
    "torch": "agents",
    "yaml": "agents",
    "triton": "kernels",
    "minari": "minari",
    "ray": "ray",
    "wandb": "wandb",
    "onnx": "web",
    "onnx_ir": "web",
    "onnxruntime": "web",
    "onnxscript": "web",
}
"""The extra of air-envs by the module that it brings."""


def missing(module: str) -> str | None:
    """Say in one line that a module is not installed and which extra brings it; None where no extra does.

    Args:
        module: its name, or that of a module inside it: ``"torch.nn"``.
    """
    package = module.partition(".")[0]
    extra = EXTRAS.get(package)
    return f"{package} is not installed: pip install 'air-envs[{extra}]'" if extra else None


def require(*modules: str) -> None:
    """Refuse to continue without modules of an extra.

    Args:
        modules: keys of ``EXTRAS``.

    Raises:
        ModuleNotFoundError: one is not installed; the message says which ``pip install`` brings it.
    """
    for module in modules:
        if not _installed(module):
            raise ModuleNotFoundError(missing(module), name=module)


def _installed(module: str) -> bool:
    if sys.modules.get(module) is not None:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
