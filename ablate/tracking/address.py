"""Where a store's MLflow database lies; no heavy import, so that status stays quick."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ablate.databases import MLFLOW_FILE

DATABASE = MLFLOW_FILE
STORE = "ABLATE_UI_STORE"  # variable that tells the server of `ablate ui` its folder
FILES = ("sqlite", "file")  # schemes without a host: an @ is part of a name
LOGIN = re.compile(r"(?<=://)[^\s/@:'\"]*:[^\s'\"]*@")
SECRET_NAME = re.compile(r"(?i)(token|secret|passw|credential|api_?key)[^=]*=")  # in an override
SECRET = re.compile(r"(?i)token|secret|passw|credential|key$")
SHORTEST = 3  # letters of a part of a password that is looked for in messages


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
    scheme, between, rest = uri.partition("://")
    if between and not scheme.startswith(FILES):
        rest = rest.rpartition("@")[2]  # the last one: a password may hold what it should not
    return f"{scheme}{between}{rest}".partition("?")[0]


def recorded(word: str) -> str:
    """Return an override without the password of the address in it; a database's user stays.

    Example:
        >>> recorded("store.optuna=postgresql+psycopg://me:word@host/db?sslmode=require&password=x")
        'store.optuna=postgresql+psycopg://me@host/db?sslmode=require'
    """
    head, between, rest = word.partition("://")
    if not between or head.rpartition("=")[2].startswith(FILES):
        return word
    login, at, place = rest.rpartition("@")
    place, asked, query = place.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if not SECRET.search(name)]
    place += f"?{urlencode(kept)}" if asked and kept else ""
    user = "" if head.endswith(("http", "https")) else f"{login.partition(':')[0]}{at}"
    return f"{head}{between}{user}{place}"


def published(word: str) -> str:
    """Return an override as a report may show it: without users, passwords and tokens.

    Example:
        >>> published("store.mlflow=http://me:word@host/x"), published("api_key=abc")
        ('store.mlflow=http://host/x', 'api_key=***')
    """
    shown = re.sub(r"//\S*@", "//", recorded(word))
    return f"{shown.partition('=')[0]}=***" if SECRET_NAME.search(shown) else shown


def hide(text: str, uri: str = "") -> str:
    """Return a message without users and passwords of addresses, and without any part of `uri`'s.

    Example:
        >>> hide("no answer from http://me:word@host/x")
        'no answer from http://host/x'
        >>> hide("no host 'rd@host'", "http://me:wo@rd@host/x")
        "no host '***@host'"
    """
    if uri and uri != public(uri):
        text = text.replace(uri, public(uri))
        rest = uri.partition("://")[2]
        login = rest.rpartition("@")[0].partition(":")[2]
        asked = [value for name, value in parse_qsl(uri.partition("?")[2]) if SECRET.search(name)]
        for part in (login, unquote(login), *re.split("[@:/]", login), *asked):
            text = text.replace(part, "***") if len(part) >= SHORTEST else text
            if part and len(part) < SHORTEST:
                text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "***", text)
    return LOGIN.sub("", text)


def run_page(uri: str, experiment_id: str) -> str:
    """The start of a link into a server's UI, to which a run id is appended; "" without a server.

    Example:
        >>> run_page("http://127.0.0.1:5000/", "3")
        'http://127.0.0.1:5000/#/experiments/3/runs/'
        >>> run_page("sqlite:///mlflow.db", "3")
        ''
    """
    if urlsplit(uri).scheme not in ("http", "https"):
        return ""
    return f"{public(uri).rstrip('/')}/#/experiments/{experiment_id}/runs/"
