"""Importing puzzles that others publish: text files, CSV tables and the NPY layout of earlier dataset builders.

``import_puzzles`` reads a source, proves every puzzle that it takes, and writes a dataset file. docs/formats.md shows
each format with an example:

``text``
    One puzzle on a line, with or without other columns and comments, or grids drawn over several lines. The importer
    solves and rates each. A file, or a folder with ``train.txt``, ``test.txt`` or both.
``csv``
    A column of puzzles, and perhaps of answers and ratings, as Sudoku-Extreme and Kaggle's sets are published; answers
    are proved, ratings kept, and what is missing is found. A file, or a folder with ``train.csv``, ``test.csv`` or
    both.
``npy``
    The folder that the builders of HRM, TRM and AIR write, see ``puzzles.importers.npy_folder``.

``puzzles.importers.hub.download`` fetches a published set from the Hugging Face hub first.
"""

from puzzles.importers.importing import Imported, import_puzzles

__all__ = ["Imported", "import_puzzles"]
