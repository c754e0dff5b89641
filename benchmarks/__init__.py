"""Scripts that measure what the README claims, side by side with others' work: ``python -m benchmarks.puzzles``."""
