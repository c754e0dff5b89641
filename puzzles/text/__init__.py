"""The text forms of puzzles: lists with a puzzle on each line, and grids drawn over several lines.

``puzzles.parse`` reads one puzzle, ``puzzles.importers`` whole files; docs/formats.md shows what they read.
"""
