"""The recurrent Transformer and its parts: AIR, its variants, HRM and TRM."""

from agents.config.extras import require

require("torch")
