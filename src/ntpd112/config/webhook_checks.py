"""What no single key of a `[[webhook]]` shows: secrets, encryption, filters for what there is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import values
from .fields import listed
from .problems import Complaint, shown
from .tables import tables, text
from .webhooks import MAX_SECRETS, MIN_SECRET

MAX_WEBHOOKS = 20
"Each reads the journal for itself."


def webhook_checks(given: dict[str, Any]) -> Iterator[Complaint]:
    """On the values as given; malformed ones are passed over."""
    hooks = list(tables(given, "webhook"))
    if len(hooks) > MAX_WEBHOOKS:
        yield Complaint(("webhook", MAX_WEBHOOKS), f"webhook: there are more than {MAX_WEBHOOKS}")
    for index, hook in hooks:
        name = text(hook, "name")
        place = f'webhook "{name}": ' if name else f"webhook {index + 1}: "
        for key, said in (*_secrets(hook), *_encryption(hook)):
            yield Complaint(("webhook", index, key), f"{place}{said}", "")
        for key, section in (("queue", "queue"), ("trunk", "trunk")):
            known = {text(table, "name") for _, table in tables(given, section)}
            wanted = listed(hook.get(key, []))
            for one in wanted if isinstance(wanted, list) else []:
                if known and isinstance(one, str) and one and one not in known:
                    said = f"{key} {shown(one)} is not the name of a [[{section}]]"
                    yield Complaint(("webhook", index, key), f"{place}{said}", one)


def _secrets(hook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """No message shows a secret."""
    secrets = listed(hook.get("secret", []))
    if not isinstance(secrets, list):
        return
    if secrets and hook.get("secret_file"):
        yield "secret_file", "secret and secret_file: give one of them"
    if not secrets and not hook.get("secret_file"):
        yield "name", "secret or secret_file is missing: receivers know by it that a request is ours"
    if len(secrets) > MAX_SECRETS:
        yield "secret", f"secret has more than {MAX_SECRETS}: the new one and the one before"
    if any(isinstance(secret, str) and len(secret) < MIN_SECRET for secret in secrets):
        yield "secret", f"secret is shorter than {MIN_SECRET} characters: `openssl rand -hex 32` makes one"


def _encryption(hook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    url = text(hook, "url")
    if hook.get("ca") and not url.startswith("https:"):
        yield "ca", "ca needs a url with https://: nothing is encrypted otherwise"
    try:
        public = not values.is_private(url)
    except ValueError:
        return
    if url.startswith("http:") and public and hook.get("insecure") is not True:
        yield (
            "url",
            "url has http:// to an address that is not private, and events carry caller numbers: "
            "use https://, or say insecure = true",
        )
