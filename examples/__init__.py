"""Short scripts to run and copy; ``python -m examples.NAME``."""
