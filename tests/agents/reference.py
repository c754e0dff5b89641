"""AIR, HRM and TRM in float64 NumPy, written from the papers' formulas over the authors' names of the weights."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


def norm(z: Array) -> Array:
    return z / np.sqrt((z**2).mean(-1, keepdims=True) + 1e-5)


def swiglu(h: Array, gate_up: Array, down: Array) -> Array:
    gate, up = np.split(h @ gate_up.T, 2, -1)
    return (gate / (1 + np.exp(-gate)) * up) @ down.T


def angles(positions: int, width: int) -> Array:
    return np.outer(np.arange(positions), 10_000.0 ** (-np.arange(0, width, 2) / width))


def attention(h: Array, qkv: Array, out: Array, heads: int, rope: bool = True) -> Array:
    width = h.shape[-1] // heads
    angle = angles(h.shape[1], width) * rope
    cos, sin = np.cos(angle), np.sin(angle)

    def rotate(q: Array) -> Array:
        left, right = q[..., : width // 2], q[..., width // 2 :]
        return np.concatenate((left * cos - right * sin, right * cos + left * sin), -1)

    attended = []
    for q, k, v in zip(*(np.split(part, heads, -1) for part in np.split(h @ qkv.T, 3, -1)), strict=True):
        scores = np.exp(rotate(q) @ rotate(k).swapaxes(1, 2) / np.sqrt(width))
        attended.append(scores / scores.sum(-1, keepdims=True) @ v)
    return np.concatenate(attended, -1) @ out.T


def transformer(weights: Mapping[str, Array], network: str, h: Array, heads: int, rope: bool = True) -> Array:
    """The blocks ``inner.NETWORK.layers.0``, ``.1``, ..."""
    for layer in range(8):
        name = f"inner.{network}.layers.{layer}."
        block = {key.removeprefix(name): value for key, value in weights.items() if key.startswith(name)}
        if "mlp_t.gate_up_proj.weight" in block:
            h = h.swapaxes(1, 2)
            h = norm(h + swiglu(h, block["mlp_t.gate_up_proj.weight"], block["mlp_t.down_proj.weight"]))
            h = h.swapaxes(1, 2)
        elif block:
            qkv, out = block["self_attn.qkv_proj.weight"], block["self_attn.o_proj.weight"]
            h = norm(h + attention(h, qkv, out, heads, rope))
        if block:
            h = norm(h + swiglu(h, block["mlp.gate_up_proj.weight"], block["mlp.down_proj.weight"]))
    return h


def embed(weights: Mapping[str, Array], tokens: NDArray[np.uint8], prefix: int = 1) -> Array:
    """sqrt(hidden) times prefix and cells; only the first vectors of a long prefix are not zero."""
    table = weights["inner.embed_tokens.embedding_weight"]
    vectors = np.zeros((len(tokens), prefix, table.shape[1]))
    if prefix:
        learned = weights["inner.puzzle_emb.weights"].reshape(-1, table.shape[1])
        vectors[:, : len(learned)] = learned
    return np.concatenate((vectors, table[tokens]), 1) * np.sqrt(table.shape[1])


def random_weights(seed: int = 0, layers: Mapping[str, int] = {"f_level": 2}, **options: int) -> dict[str, Array]:
    """Weights of a 4x4 Sudoku model in the authors' layout, nothing zero, float32 numbers as float64.

    Options: hidden, learned (prefix vectors), positions_mixed (of TRM's MLP; 0 is attention).
    """
    rng = np.random.default_rng(seed)
    hidden, inner = options.get("hidden", 32), 256
    shapes = {
        "H_init": (hidden,),
        "L_init": (hidden,),
        "embed_tokens.embedding_weight": (6, hidden),
        "lm_head.weight": (6, hidden),
        "q_head.weight": (2, hidden),
        "q_head.bias": (2,),
        "puzzle_emb.weights": (1, options.get("learned", 1) * hidden),
    }
    for network, count in layers.items():
        for layer in range(count):
            block = {
                "self_attn.qkv_proj.weight": (3 * hidden, hidden),
                "self_attn.o_proj.weight": (hidden, hidden),
                "mlp.gate_up_proj.weight": (2 * inner, hidden),
                "mlp.down_proj.weight": (hidden, inner),
            }
            if mixed := options.get("positions_mixed", 0):
                del block["self_attn.qkv_proj.weight"], block["self_attn.o_proj.weight"]
                block |= {"mlp_t.gate_up_proj.weight": (2 * inner, mixed), "mlp_t.down_proj.weight": (mixed, inner)}
            shapes |= {f"{network}.layers.{layer}.{key}": shape for key, shape in block.items()}
    return {f"inner.{key}": random_weight(rng, shape) for key, shape in shapes.items()}


def random_weight(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal with std 1/sqrt(fan_in), and 1 for vectors."""
    return (rng.normal(size=shape) / (shape[-1] ** 0.5 if len(shape) == 2 else 1)).astype(np.float32).astype(np.float64)


def as_tensors(weights: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(value).float() for key, value in weights.items()}
