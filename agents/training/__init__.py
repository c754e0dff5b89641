"""Training with supervised targets, from a dataset to a checkpoint."""
