"""Datasets as tensors: tokens, labels and random symmetry copies, drawn on the training device."""

from agents.config.extras import require

require("torch")
