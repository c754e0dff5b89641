"""Puzzles for people: games over the environments, and a window to play them in.

A ``Game`` is one puzzle being played: state, undo, hints, no window. ``App`` shows it and hears keys and mouse.
"""

from air_envs.play.app import App
from air_envs.play.game import Game, Item, game_type, register_game

__all__ = ["App", "Game", "Item", "game_type", "register_game"]
