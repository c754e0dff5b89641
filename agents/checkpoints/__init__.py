"""Checkpoint folders: written, read, and transferred to another model."""

from agents.config.extras import require

require("torch", "safetensors")
