"""Both stores behind TLS: by the variables of MLflow, and by the address of PostgreSQL."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import inside
from tests.faults.postgres import Postgres
from tests.faults.serving import TrackingServer
from tests.faults.test_postgres import COLD, WORDS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
TRUSTED = "MLFLOW_TRACKING_SERVER_CERT_PATH"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate for 127.0.0.1 that nobody else has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "cert.pem"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_a_tracking_server_is_trusted_by_the_variable_of_mlflow(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = TrackingServer(tmp_path / "server", certificate=certificate)
    server.start()
    words = [COLD, *WORDS, f"store.mlflow={server.uri}", "--store", "s"]
    try:
        refused = inside("run", *words, cwd=tmp_path, code=1).stderr
        assert f"store.mlflow: {server.uri} is not trusted" in refused
        assert TRUSTED in refused
        monkeypatch.setenv(TRUSTED, str(certificate / "cert.pem"))
        inside("run", *words, cwd=tmp_path)
        assert "agree" in inside("doctor", *words, cwd=tmp_path).stdout
    finally:
        server.kill()


def test_postgresql_is_trusted_by_the_certificate_in_its_address(
    certificate: Path, tmp_path: Path
) -> None:
    postgres = Postgres("optuna", certificate=certificate)
    try:
        other = tmp_path / "other.pem"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
                "-keyout",
                str(tmp_path / "k.pem"),
                "-out",
                str(other),
            ],
            check=True,
            capture_output=True,
        )

        def words(root: Path) -> list[str]:
            address = f"{postgres.url('optuna')}?sslmode=verify-full&sslrootcert={root}"
            return [COLD, *WORDS, f"store.optuna={address}", "--store", "s"]

        refused = inside("run", *words(other), cwd=tmp_path, code=1).stderr
        assert "certificate verify failed" in refused
        assert postgres.password not in refused
        inside("run", *words(certificate / "cert.pem"), cwd=tmp_path)
        assert "agree" in inside("doctor", *words(certificate / "cert.pem"), cwd=tmp_path).stdout
    finally:
        postgres.close()
