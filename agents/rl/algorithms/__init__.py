"""Algorithms besides those of Stable-Baselines3: DQN with masks, and imitation of experts."""
