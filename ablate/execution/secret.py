"""The secret that a driver and its remote workers share: a key and a certificate in one file.

The file belongs to the user and nobody else can read it. Who holds it can be a worker or a driver;
each side shows the certificate and accepts this one alone, so no authority is asked and no name is
compared. The file's path travels to the workers, the secret never does.
"""

import os
import secrets
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

from ablate.errors import ClusterError

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))  # clocks may differ
MOST_BYTES = 65_536  # of a file with a secret
BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def make(folder: Path) -> Path:
    """Write a new secret to a file of its own in a folder that only the user can write.

    Raises:
        ClusterError: The folder cannot be used, or others can replace files in it.
    """
    path = own_folder(folder) / f".secret-{secrets.token_hex(8)}.pem"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ClusterError(
            f"{folder}: cannot hold the secret of the workers: {error.strerror or error}; name a "
            "folder that you can write"
        ) from error
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)  # whatever the umask is
        file.write(_new())
    return path


def own_folder(folder: Path) -> Path:
    """Return the absolute path of a folder, made when absent, whose files only the user replaces.

    Raises:
        ClusterError: It cannot be made, or others can write it.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_folder(folder)
    except OSError as error:
        raise ClusterError(
            f"{folder}: cannot be used ({error.strerror or error}); name one that you can write"
        ) from error
    return folder


def context(path: Path, *, is_server: bool) -> ssl.SSLContext:
    """TLS that shows the certificate of the secret and accepts no other one.

    Raises:
        ClusterError: There is no such file, it is not a secret, or others can read or replace it.
    """
    certificate = _read(path)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False  # the certificate itself is compared, not the name in it
    made.verify_mode = ssl.CERT_REQUIRED
    if is_server:
        made.num_tickets = 0
    try:
        made.load_verify_locations(cadata=certificate)
        made.load_cert_chain(path)
    except (ssl.SSLError, ValueError) as error:
        raise ClusterError(
            f"{path}: not the secret of a driver ({error}); remove it, and name another one"
        ) from None
    return made


def _read(path: Path) -> str:
    """The text of a file that belongs to the user and that nobody else can read or replace."""
    try:
        _check_folder(path.parent)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
                raise ClusterError(f"{path}: not a file of yours; name your own as executor.secret")
            if about.st_mode & 0o077:
                raise ClusterError(
                    f"{path}: others can read this secret (mode {about.st_mode & 0o777:03o}); "
                    "remove it and let ablate make another one"
                )
            return file.read(MOST_BYTES).decode("ascii")
    except UnicodeDecodeError:
        raise ClusterError(f"{path}: not the secret of a driver; name another one") from None
    except OSError as error:
        raise ClusterError(
            f"{path}: cannot be read on {os.uname().nodename} ({error.strerror or error}); name a "
            "file that is at the same path on every machine as executor.secret"
        ) from error


def _check_folder(folder: Path) -> None:
    """Raise ClusterError where other users can replace the files of a folder."""
    about = folder.stat()
    is_guarded = not about.st_mode & BY_OTHERS or about.st_mode & stat.S_ISVTX
    if about.st_uid not in (0, os.geteuid()) or not is_guarded:
        raise ClusterError(
            f"{folder}: others can replace files in this folder; chmod go-w it, or name another one"
        )


def _new() -> bytes:
    """A fresh key and the certificate that it signs, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ablate")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EVER[0])
        .not_valid_after(EVER[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return plain + certificate.public_bytes(serialization.Encoding.PEM)
