"""What the kernel says of processes that it killed for their memory."""

import re
from pathlib import Path

COUNTERS = Path("/proc/vmstat")


def memory_kills(counters: Path = COUNTERS) -> int | None:
    """Return how many processes the kernel has killed for their memory since it started.

    It counts those of every container on the machine. None where the kernel does not say.

    Source:
        Linux, mm/oom_kill.c: `oom_kill` in /proc/vmstat, since 4.13.
    """
    try:
        found = re.search(r"^oom_kill (\d+)$", counters.read_text(), flags=re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
