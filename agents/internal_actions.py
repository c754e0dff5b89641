"""The former home of ``agents.thinking.internal_actions``, kept for code that imports from here."""

from agents.thinking.internal_actions import COMMIT, H, InternalActions, L

__all__ = ["COMMIT", "H", "InternalActions", "L"]
