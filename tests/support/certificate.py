"""Certificates for one test, made by openssl."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, *, name: str, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a self-signed certificate for an address and its key; both are replaced.

    Args:
        folder: Where to put cert.pem and key.pem.
        name: Common name, to tell one certificate from the next.
        address: IP address that it is for.
    """
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext"]
    command += [
        f"subjectAltName=IP:{address},DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return cert, key


def encrypt_key(key: Path) -> Path:
    """Write the key again, encrypted; return where it is."""
    encrypted = key.with_name("encrypted.pem")
    command = ["openssl", "ec", "-aes256", "-passout", "pass:secret"]
    command += ["-in", str(key), "-out", str(encrypted)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return encrypted
