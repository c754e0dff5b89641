"""Checkpoints in the layouts of HRM, TRM and the AIR authors, read and written."""
