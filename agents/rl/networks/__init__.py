"""Networks for Stable-Baselines3 that fit a board: features per cell or candidate, and heads that score each action."""
