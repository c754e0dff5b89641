"""Execute the notebooks of examples/notebooks, and keep what they print and draw: python -m examples.execute_notebooks.

The tests execute them in the same way, with smaller numbers in the cell that is tagged "parameters". The cell that
installs the package is left alone. Quickstart is for Colab and is kept without outputs.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "notebooks"
WITHOUT_OUTPUTS = ("quickstart",)
SECONDS = 600


def execute(path: Path, folder: Path, parameters: str | None = None) -> nbformat.NotebookNode:
    """Return a notebook executed in a folder by a kernel of this Python, which imports this source tree.

    Args:
        path: of the notebook.
        folder: its working directory.
        parameters: source that takes the place of the cell tagged "parameters".

    Raises:
        CellExecutionError: a cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if parameters is not None and cell.metadata.get("tags") == ["parameters"]:
            cell.source = parameters
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        skip_cells_with_tag="install",
        record_timing=False,
    )
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(places)})
    return notebook


def main() -> None:
    for path in sorted(FOLDER.glob("*.ipynb")):
        if path.stem in WITHOUT_OUTPUTS:
            continue
        with tempfile.TemporaryDirectory() as folder:
            notebook = execute(path, Path(folder))
        for cell in notebook.cells:
            if cell.cell_type == "code":  # what is written to stderr is of this machine
                cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        notebook.metadata.language_info = {"name": "python"}
        nbformat.write(notebook, path)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
