"""Pictures as the MLflow UI shows them: a grid per run, with a slider over the steps.

The UI finds a picture by its file name below images/, KEY+step+N+timestamp+T+ID, once as it is and
once small; where MLflow writes them itself the ID is random. Here it follows from the rest, so that
a picture which is sent twice stands there once.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

logger = logging.getLogger(__name__)
FOLDER = "images"
SHOWN = "mlflow.loggedImages"  # tag without which the UI does not look for pictures
SMALL_PX = 256
NOT_ALLOWED = re.compile(r"[^\w\-. ]", flags=re.ASCII)


def stage(events: Iterable[Mapping[str, Any]], run_folder: Path, *, into: Path) -> int:
    """Write the pictures of a journal's events as the UI wants them; return how many.

    A picture that cannot be read is left out with a warning: it stops no study.

    Args:
        events: Of the kind "image".
        run_folder: Where the pictures lie.
        into: An empty folder.
    """
    count = 0
    for event in events:
        source = run_folder / event["path"]
        beside = into / file_name(event["name"], step=event["step"], time_ms=event["time_ms"])
        try:
            with Image.open(source, formats=("PNG",)) as image:
                small = image.copy()
        except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
            logger.warning("%s: cannot be shown in MLflow: %s", source, error)
            continue
        small.thumbnail((SMALL_PX, SMALL_PX))
        small.save(beside.with_name(f"{beside.name}+compressed.webp"), lossless=True, method=0)
        beside.with_name(f"{beside.name}.png").write_bytes(source.read_bytes())
        count += 1
    return count


def file_name(name: str, *, step: int, time_ms: int) -> str:
    """Return the file name, without its end, of the picture `name` of a step.

    Example:
        >>> file_name("fused/00001N", step=40, time_ms=5)
        'fused 00001N+step+40+timestamp+5+6b6f6a1c'
    """
    made_of = hashlib.sha256(f"{name} {step} {time_ms}".encode()).hexdigest()[:8]
    return f"{key_of(name)}+step+{step}+timestamp+{time_ms}+{made_of}"


def key_of(name: str) -> str:
    """Return what the UI calls the pictures of a name."""
    return NOT_ALLOWED.sub("_", name.replace("/", " "))
