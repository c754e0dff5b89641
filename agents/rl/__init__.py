"""Agents that learn the environments by reinforcement or imitation, and the baselines they are compared with."""
