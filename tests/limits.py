"""Processes that are refused what a root of a big machine is not: folders without write permission, long files."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


def run_limited(
    code: str,
    *arguments: object,
    folder: Path = ROOT,
    environment: Mapping[str, str | None] | None = None,
    file_bytes: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process for which permissions hold even if root starts it.

    Args:
        code: of the process; the packages of ``folder`` are what it imports.
        arguments: its ``sys.argv[1:]``.
        folder: its working directory.
        environment: variables that it has on top of this process's own; None takes one away.
        file_bytes: RLIMIT_FSIZE, the longest file that it may write.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # only Linux has it, and there root ignores permissions

    def limit() -> None:
        if prctl is not None and os.geteuid() == 0:
            for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
                prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    variables = {**os.environ, **(environment or {})}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=300,
        check=False,
    )
