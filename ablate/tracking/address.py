"""Where a store's MLflow database lies; no heavy import, so that status stays quick."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

DATABASE = "mlflow.db"


def tracking_uri(store: Path) -> str:
    """Return the address of the store's own MLflow database."""
    return f"sqlite:///{store.resolve() / DATABASE}"


def public(uri: str) -> str:
    """Return an address without user, password and query, as a report may show it.

    Example:
        >>> public("https://me:secret@tracking.org:5000/lab?token=1")
        'https://tracking.org:5000/lab'
        >>> public("sqlite:////srv/store/mlflow.db")
        'sqlite:////srv/store/mlflow.db'
    """
    parts = urlsplit(uri)
    if not parts.netloc:
        return uri.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def run_page(uri: str, experiment_id: str) -> str:
    """Return what a run id is appended to for a link into a server's UI, "" where none serves.

    Example:
        >>> run_page("http://127.0.0.1:5000/", "3")
        'http://127.0.0.1:5000/#/experiments/3/runs/'
        >>> run_page("sqlite:///mlflow.db", "3")
        ''
    """
    if urlsplit(uri).scheme not in ("http", "https"):
        return ""
    return f"{public(uri).rstrip('/')}/#/experiments/{experiment_id}/runs/"
