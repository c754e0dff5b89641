"""Checkpoint folders: written, read, and transferred to another model."""
