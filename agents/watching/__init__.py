"""Watching a model think: sessions that go back, branch and interfere, recordings of them, films and the viewer.

``Story`` is what the viewer draws. A ``Session`` is one with a model behind it, a ``Recording`` one read from a file.

Importing this loads no torch; ``session`` and what runs a model do.
"""
