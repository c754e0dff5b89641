"""What is refused in a wheel and in a source distribution."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.archives import BUILD_FILES, MAX_WHEEL_BYTES, local_path, problems_of_sdist, problems_of_wheel

EXPECTED = ["agents/py.typed", "agents/pretrained/easy/model.safetensors.xz"]
GOOD = dict.fromkeys(EXPECTED, b"") | {"a-1.dist-info/METADATA": b"Name: a\nHome-page: https://example.org/home/a\n"}


def wheel(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path / "a.whl", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path / "a.whl"


def sdist(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path / "a.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"a-1/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path / "a.tar.gz"


def test_a_good_wheel_has_no_problems(tmp_path: Path) -> None:
    assert not list(problems_of_wheel(wheel(tmp_path, GOOD), EXPECTED))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (GOOD | {"tests/test_a.py": b""}, "a.whl: tests/test_a.py, expected nothing but the packages' tracked files"),
        (GOOD | {"agents/stray.py": b""}, "a.whl: agents/stray.py, expected nothing but the packages' tracked files"),
        (dict.fromkeys(EXPECTED[:1], b""), "a.whl: no agents/pretrained/easy/model.safetensors.xz"),
        (
            GOOD | {"a-1.dist-info/direct_url.json": b'{\n"url": "file:///home/me/a"}'},
            'a.whl: a-1.dist-info/direct_url.json line 2: file:///home/me/a"}, expected no path of a machine',
        ),
    ],
)
def test_each_problem_of_a_wheel_is_one_line(files: dict[str, bytes], problem: str, tmp_path: Path) -> None:
    assert list(problems_of_wheel(wheel(tmp_path, files), EXPECTED)) == [problem]


def test_a_large_wheel_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path, GOOD | {EXPECTED[1]: bytes(MAX_WHEEL_BYTES)})
    (problem,) = problems_of_wheel(path, EXPECTED)
    assert problem.endswith("bytes, expected less than 3,000,000")


def test_a_source_distribution_has_to_build(tmp_path: Path) -> None:
    files = dict.fromkeys([*EXPECTED, *BUILD_FILES], b"")
    assert not list(problems_of_sdist(sdist(tmp_path, files), EXPECTED))
    del files["LICENSE"]
    files |= {"web/node_modules/a.js": b"", "PKG-INFO": b"Home-page: /home/me"}
    assert list(problems_of_sdist(sdist(tmp_path, files), EXPECTED)) == [
        "a.tar.gz: web/node_modules/a.js, expected nothing that npm installs",
        "a.tar.gz: no LICENSE",
        "a.tar.gz: PKG-INFO line 1: /home/me, expected no path of a machine",
    ]


@pytest.mark.parametrize("line", ["see https://example.org/home/x", "docs/home/x", "and/or", "1/3 of ~/home", ""])
def test_what_is_no_path_of_a_machine(line: str) -> None:
    assert local_path(line) is None


@pytest.mark.parametrize("line", ["at /home/me/a", r"C:\Users\me", "file:///a", '"/tmp/x"'])
def test_what_is_a_path_of_a_machine(line: str) -> None:
    assert local_path(line)
