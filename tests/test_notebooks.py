"""The notebooks: executed by a kernel, as a reader does it, and kept with the outputs of such a run.

A kernel that imports torch takes some seconds to start; each notebook needs one of its own.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest

from examples.execute_notebooks import FOLDER, ROOT, WITHOUT_OUTPUTS, execute

PARAMETERS = {
    "quickstart": "STEPS, TRAIN, TEST = 3, 40, 10",
    "environments": "COUNT = 20",
    "a_model_thinks": None,
    "paper_analyses": "PUZZLES = 4",
}
"""What takes the place of the cell of parameters: the same names, smaller numbers."""
EXPECTED = {
    "quickstart": [r"sudoku-9x9 solved: True", r"[\d.]+% of 10 test puzzles solved"],
    "environments": [r"Discrete\(216\) legal now: \d+", r"\(20, 6, 6\) over by now: \d+"],
    "a_model_thinks": [r"\n12 H  wrong in z_L  0, in z_H  0 ", r"solved in the end: True"],
    "paper_analyses": [r"exact accuracy [\d.]+% .*; 4 test puzzles", r"freeze z_H, first half ", r"ACT step 4, H 4 "],
}
PATHS = re.compile(r"(?<![\w./])/(?:home|Users|root|tmp|mnt|opt|var|work)\b")


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_of(name: str) -> list[Any]:
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def printed(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.text for output in outputs if output.get("name") == "stdout")


def test_every_notebook_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == PARAMETERS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_notebook_installs_first(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    first = code_of(name)[0]
    assert first.source == f'%pip install --quiet "{project}[agents]"'
    assert first.metadata["tags"] == ["install"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_outputs_are_kept_but_for_the_one_that_trains(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    install, *cells = code_of(name)
    assert install.outputs == []
    if name in WITHOUT_OUTPUTS:
        assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
        return
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "executed once, from the top"
    assert all(cell.outputs for cell in cells if cell.metadata.get("tags") != ["parameters"])
    kinds = {output.get("name", output.output_type) for cell in cells for output in cell.outputs}
    assert kinds <= {"stdout", "display_data", "execute_result"}
    assert path.stat().st_size < 300_000
    assert not PATHS.search(path.read_text(encoding="utf-8")), "a folder of some machine"


def test_the_player_is_among_the_outputs() -> None:
    shown = [
        output.data["text/html"]
        for cell in code_of("a_model_thinks")
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    assert len(shown) == 3
    assert all('class="air-player"' in text for text in shown)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_notebook_runs(name: str, tmp_path: Path) -> None:
    parameters = PARAMETERS[name]
    if parameters is not None:
        (cell,) = [cell for cell in code_of(name) if cell.metadata.get("tags") == ["parameters"]]
        assert cell.source.partition(" = ")[0] == parameters.partition(" = ")[0], "the same names"
    out = printed(execute(FOLDER / f"{name}.ipynb", tmp_path, parameters))
    for pattern in EXPECTED[name]:
        assert re.search(pattern, out), f"{pattern}\n{out}"
