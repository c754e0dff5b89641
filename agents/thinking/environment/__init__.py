"""Thinking as Gymnasium environments: a mind of N puzzles, what is observed of it, and the environments by id."""
