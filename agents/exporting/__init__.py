"""A model as five graphs that other runtimes run: ONNX graphs, or programs of ``torch.export``.

Importing this, or ``agents.exporting.runtime``, loads no torch.
"""
