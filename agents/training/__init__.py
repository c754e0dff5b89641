"""Training with supervised targets, from a dataset to a checkpoint."""

from agents.config.extras import require

require("torch", "safetensors", "tensorboard")
