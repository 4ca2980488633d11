"""Certificates for one test, made by openssl."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, *, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key; both are replaced.

    Args:
        folder: Where to put cert.pem and key.pem.
        name: Common name, to tell one certificate from the next.
    """
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext"]
    command += ["subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return cert, key


def encrypt_key(key: Path) -> Path:
    """Write the key again, encrypted; return where it is."""
    encrypted = key.with_name("encrypted.pem")
    command = ["openssl", "ec", "-aes256", "-passout", "pass:secret"]
    command += ["-in", str(key), "-out", str(encrypted)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return encrypted
