"""Single files below an address, each checked against its SHA-256."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
import requests

from ablate.data.sources import MOST_BYTES
from ablate.errors import FetchError, one_line

Step = Callable[[int, int], None]
TIMEOUT_S = 60
RETRIES = 2
MOST_REDIRECTS = 5
CHUNK = 2**16


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
    download = _copied if Path(url).is_dir() else _downloaded
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
    """Take a file of a copy on this machine; pooch calls it like its own downloaders.

    Raises:
        OSError: It cannot be read, or is too large.
    """
    if Path(url).stat().st_size > MOST_BYTES:
        raise OSError(f"it has more than {MOST_BYTES:,} bytes")
    shutil.copyfile(url, output_file)


def _downloaded(url: str, output_file: str, _place: object) -> None:
    """Take a file over HTTP; pooch compares its hash before it gets its name.

    Raises:
        requests.RequestException: It does not come, is too large, or lies on another host.
    """
    asked = urlsplit(url)
    for _ in range(MOST_REDIRECTS):
        with requests.get(url, stream=True, timeout=TIMEOUT_S, allow_redirects=False) as answer:
            answer.raise_for_status()
            if not answer.is_redirect:
                _write(answer, Path(output_file))
                return
            url = urljoin(url, answer.headers["location"])
        there = urlsplit(url)
        if (there.scheme, there.netloc) != (asked.scheme, asked.netloc):
            raise requests.TooManyRedirects(f"it is redirected to another host, {there.netloc}")
    raise requests.TooManyRedirects("it is redirected again and again")


def _write(answer: requests.Response, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        for part in answer.iter_content(CHUNK):
            size += len(part)
            if size > MOST_BYTES:
                raise requests.RequestException(f"it has more than {MOST_BYTES:,} bytes")
            file.write(part)
