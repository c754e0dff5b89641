"""Datasets as tensors: tokens, labels and random symmetry copies, drawn on the training device."""
