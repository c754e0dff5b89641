"""The cell values of a maze grid."""

WALL = 0
OPEN = 1
START = 2
GOAL = 3
PATH = 4
