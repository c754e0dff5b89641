"""Importing puzzles that others publish: text lists, CSV tables and the NPY layout of earlier dataset builders.

``import_puzzles`` reads a source, proves every puzzle that it takes, and writes a dataset file. Formats:

``text``
    One puzzle a line. The importer solves and rates each. A file, or a folder with ``train.txt``, ``test.txt`` or both.
``csv``
    Columns source, question, answer, rating, as Sudoku-Extreme is published; answers are proved, ratings kept. A file,
    or a folder with ``train.csv``, ``test.csv`` or both.
``npy``
    The folder that the builders of HRM, TRM and AIR write, see ``puzzles.importers.npy_folder``.

``puzzles.importers.hub.download`` fetches a published set from the Hugging Face hub first.
"""

from puzzles.importers.importing import Imported, import_puzzles

__all__ = ["Imported", "import_puzzles"]
