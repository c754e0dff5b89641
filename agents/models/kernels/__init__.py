"""Kernels for Hopper GPUs, and the operators that torch sees of them."""
