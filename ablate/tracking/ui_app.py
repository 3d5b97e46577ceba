"""MLflow's server as `ablate ui` starts it, with a first page of ours; imported by uvicorn."""

import os
from pathlib import Path

from mlflow.server import BACKEND_STORE_URI_ENV_VAR
from mlflow.server import app as pages
from mlflow.server.fastapi_app import app
from mlflow.server.handlers import initialize_backend_stores

from ablate.tracking.address import STORE, tracking_uri
from ablate.tracking.first_page import notes, page

__all__ = ["app"]
store = Path(os.environ[STORE])
uri = os.environ[BACKEND_STORE_URI_ENV_VAR] = tracking_uri(store)


def first_page() -> str:
    """Return MLflow's first page, with the studies that the store has now."""
    html = (Path(str(pages.static_folder)) / "index.html").read_text(encoding="utf-8")
    return page(html, notes(store))


initialize_backend_stores(uri, uri, str(store / "artifacts"))
pages.view_functions["serve"] = first_page
