"""How much memory a process has held."""

import re
import resource
import sys
from pathlib import Path


def peak_resident() -> int:
    """Return the most memory that this process has held so far, in bytes."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Not ru_maxrss, which begins at the parent's on Linux.
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
