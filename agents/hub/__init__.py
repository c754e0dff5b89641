"""Models to give away: cards, packs, and the Hugging Face hub."""

from agents.config.extras import require

require("huggingface_hub")
