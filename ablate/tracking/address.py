"""Where a store's MLflow database lies; no heavy import, so that status stays quick."""

from pathlib import Path

DATABASE = "mlflow.db"


def tracking_uri(store: Path) -> str:
    """Return the address of the store's own MLflow database."""
    return f"sqlite:///{store.resolve() / DATABASE}"
