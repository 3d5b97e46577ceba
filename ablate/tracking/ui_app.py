"""MLflow's server as `ablate ui` starts it, with a first page of ours; imported by uvicorn.

MLflow shows pictures of any host in notes, and runs the scripts of pages among the artifacts in a
sandboxed frame. Its pages therefore get a content security policy, which that frame inherits: what
they show comes from this server, and they send nothing elsewhere.
"""

import os
from pathlib import Path
from typing import Final

from flask import Response
from mlflow.server import BACKEND_STORE_URI_ENV_VAR
from mlflow.server import app as pages
from mlflow.server.fastapi_app import app
from mlflow.server.handlers import initialize_backend_stores

from ablate.tracking.address import STORE, tracking_uri
from ablate.tracking.first_page import notes, page

__all__ = ["app"]
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "frame-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
store = Path(os.environ[STORE])
uri = os.environ[BACKEND_STORE_URI_ENV_VAR] = tracking_uri(store)


def first_page() -> str:
    """Return MLflow's first page, with the studies that the store has now."""
    html = (Path(str(pages.static_folder)) / "index.html").read_text(encoding="utf-8")
    return page(html, notes(store))


def restricted(response: Response) -> Response:
    """Return an answer with the policy for what a browser makes of it."""
    response.headers["Content-Security-Policy"] = POLICY
    return response


initialize_backend_stores(uri, uri, str(store / "artifacts"))
pages.view_functions["serve"] = first_page
pages.after_request(restricted)
