"""Models to give away: cards, packs, and the Hugging Face hub."""
