import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tyro

from agents.config.flags import flags


@dataclass(frozen=True)
class Inner:
    max_steps: int = 4
    halting: bool = True


@dataclass(frozen=True)
class Outer:
    output: Path = Path("runs")
    also: tuple[tuple[Path, int], ...] = ()
    betas: tuple[float, ...] = (0.9, 0.95)
    symmetry: bool = True
    fresh: bool = False
    clip: float | None = 1.0
    model: Inner = field(default_factory=Inner)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (Outer(), ""),
        (Outer(symmetry=False, fresh=True), "--no-symmetry --fresh"),
        (Outer(also=((Path("a.h5"), 3), (Path("b c.h5"), 4))), "--also a.h5 3 'b c.h5' 4"),
        (Outer(betas=(0.8, 0.9), clip=None), "--betas 0.8 0.9 --clip None"),
        (Outer(output=Path("it's here")), """--output 'it'"'"'s here'"""),
        (Outer(model=Inner(8, False)), "--model.max-steps 8 --model.no-halting"),
    ],
)
def test_flags_say_what_differs_from_the_default(values: Outer, line: str) -> None:
    words = [*flags(values, Outer(model=values.model)), *flags(values.model, Inner(), "model.")]
    assert shlex.join(words) == line
    assert tyro.cli(Outer, args=shlex.split(line)) == values


def test_flags_need_no_torch() -> None:
    script = "import sys, agents.config.flags, agents.cli.data; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
