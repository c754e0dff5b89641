"""Runs in folders, from their first step to their last."""
