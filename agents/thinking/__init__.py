"""What a trained model does with a puzzle, update by update."""

from agents.config.extras import require

require("torch", "safetensors")
