"""The certificates of `[tls]`: there, of their keys, for our address, and for how much longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .models import Config
from .problems import Complaint

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

RENEW_BEFORE = timedelta(days=30)
"What authorities give 90 days is renewed with 30 left; by then somebody has to look why it was not."


Place = tuple[str | int, ...]
"Of a key in the configuration."


class UnusableFile(Exception):
    """The message goes on after the file's name."""


def certificate_complaints(config: Config, now: datetime) -> list[Complaint]:
    """What keeps the agent from starting, or every peer from believing it. Reads the files."""
    tls = config.tls
    if tls.certificate is None or tls.key is None:
        return []
    complaints = []
    if tls.ca is not None:
        try:
            read_certificate(tls.ca)
        except UnusableFile as problem:
            complaints.append(_complaint(("tls", "ca"), tls.ca, str(problem)))
    complaints += _pair_complaints(("tls",), tls.certificate, tls.key, now)
    for index, host in enumerate(tls.host):
        place: Place = ("tls", "host", index)
        found = _pair_complaints(place, host.certificate, host.key, now)
        complaints += found
        if not found and not names_of(read_certificate(host.certificate)):
            said = "names nobody, so nobody can ask for it: its subjectAltName is empty"
            complaints.append(_complaint((*place, "certificate"), host.certificate, said))
    return complaints


def _pair_complaints(place: Place, file: Path, key: Path, now: datetime) -> list[Complaint]:
    try:
        certificate = read_certificate(file)
    except UnusableFile as problem:
        return [_complaint((*place, "certificate"), file, str(problem))]
    complaints = []
    if problem_of_key := _problem_of_key(key, certificate):
        complaints.append(_complaint((*place, "key"), key, problem_of_key))
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends <= now:
        said = f"ended on {ends:%Y-%m-%d}: renew it"
        complaints.append(_complaint((*place, "certificate"), file, said))
    elif now < begins:
        said = f"is not valid before {begins:%Y-%m-%d}"
        complaints.append(_complaint((*place, "certificate"), file, said))
    return complaints


def certificate_doubts(config: Config, now: datetime) -> Iterator[str]:
    """What will be wrong soon, or is for some. Reads the files; says nothing of one that cannot be used."""
    tls = config.tls
    if tls.certificate is None or tls.key is None:
        return
    ours = config.sip.advertise
    names: list[str] = []
    for file in (tls.certificate, *(host.certificate for host in tls.host)):
        try:
            certificate = read_certificate(file)
        except UnusableFile:
            return
        names += names_of(certificate)
        ends = certificate.not_valid_after_utc
        if timedelta() < ends - now < RENEW_BEFORE:
            days = (ends - now).days
            yield f'[tls]: certificate "{file}" ends on {ends:%Y-%m-%d}, in {days} days: renew it'
    if ours is not None and ours not in names:
        yield (
            f'[tls]: certificate "{tls.certificate}" is for {", ".join(names) or "nobody"} and not for '
            f"[sip] advertise {ours}: who connects to that address and checks will go away"
        )


def expires_at(certificate: Path) -> datetime:
    """Raises UnusableFile."""
    return read_certificate(certificate).not_valid_after_utc


def read_certificate(file: Path) -> Certificate:
    """The first of a PEM file, which is ours or an authority's. Raises UnusableFile."""
    from cryptography import x509  # late: commands that need no certificate start faster without it

    try:
        return x509.load_pem_x509_certificate(_read(file))
    except ValueError as error:
        raise UnusableFile("is no certificate in PEM") from error


def names_of(certificate: Certificate) -> list[str]:
    """Names and addresses that it is for (RFC 5922 §7.1; a subject's common name counts no longer)."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def _problem_of_key(file: Path, certificate: Certificate) -> str:
    """Empty: it is the certificate's."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(file), password=None)
    except UnusableFile as problem:
        return str(problem)
    except TypeError:
        return "has a passphrase, which nobody is there to type: write it without one"
    except (ValueError, UnsupportedAlgorithm):
        return "is no private key in PEM"
    return "" if key.public_key() == certificate.public_key() else "is not the certificate's"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}") from error


def _complaint(place: Place, file: Path, said: str) -> Complaint:
    table = "[[tls.host]]" if "host" in place else "[tls]"
    return Complaint(place, f'{table}: {place[-1]} "{file}" {said}', str(file))
