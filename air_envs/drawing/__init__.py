"""Pictures of puzzles: boards, rollouts of a recurrent reasoner, windows. pygame is imported when first drawn with."""

from air_envs.drawing.board import Layout, Painter, board_image, board_text, draw_board, register_painter, tile
from air_envs.drawing.scene import Scene, make_scene
from air_envs.drawing.theme import DARK, LIGHT, Theme
from air_envs.drawing.viewer import Viewer

__all__ = [
    "DARK",
    "LIGHT",
    "Layout",
    "Painter",
    "Scene",
    "Theme",
    "Viewer",
    "board_image",
    "board_text",
    "draw_board",
    "make_scene",
    "register_painter",
    "tile",
]
