"""Single files below an address, each checked against its SHA-256."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pooch
import requests

from ablate.errors import FetchError, one_line

Step = Callable[[int, int], None]
TIMEOUT_S = 60
RETRIES = 2


def fetch(files: Mapping[str, str], *, url: str, folder: Path, step: Step) -> None:
    """Fetch files that are not there or are damaged.

    Args:
        files: Path below the address -> SHA-256.
        url: The address, or the path of a copy.
        folder: Where they go.
        step: Called with how many of how many are there.

    Raises:
        FetchError: The address does not answer, or gives other contents.
    """
    pooch.get_logger().setLevel("ERROR")
    place = pooch.create(
        path=folder, base_url=url.rstrip("/") + "/", registry=dict(files), retry_if_failed=RETRIES
    )
    download = _copied if Path(url).is_dir() else pooch.HTTPDownloader(timeout=TIMEOUT_S)
    for done, name in enumerate(files, start=1):
        try:
            place.fetch(name, downloader=download)
        except (requests.RequestException, OSError) as error:
            is_away = isinstance(error, requests.ConnectionError)
            why = "no connection" if is_away else one_line(str(error), longest=120)
            raise FetchError(
                f"{url}: {name} did not come ({why}); check the network and type the same command "
                "again, or name a copy with --mirror URL"
            ) from None
        except ValueError:  # the checksum is another one
            raise FetchError(
                f"{url}: {name} has other contents than expected; name another copy with --mirror "
                "URL"
            ) from None
        step(done, len(files))


def _copied(url: str, output_file: str, _place: object) -> None:
    """Take a file of a copy on this machine; pooch calls it like its own downloaders."""
    shutil.copyfile(url, output_file)
