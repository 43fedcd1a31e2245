"""Asking the running agent over REST, for what only it can do."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Any

import httpx

from ntpd112.config import Config, HttpAddress

from .common import fail

KEY_VARIABLE = "NTPD112_KEY"
"The API key: in a variable, since everybody on the machine sees a command's arguments."
ANSWER_S = 30.0
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def ask(config: Config, method: str, path: str, body: Any = None) -> Any:
    """The JSON of the answer; `path` starts behind `/api/v1`. Ends the program if the agent does not answer,
    or refuses."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        fail(
            f"this asks the running agent: put an API key into ${KEY_VARIABLE} "
            "(`ntpd112 apikey add NAME --scope admin` makes one)"
        )
    where = url_of(config.http.listen)
    try:
        answer = httpx.request(
            method,
            f"{where}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=ANSWER_S,
            trust_env=False,
        )
    except httpx.HTTPError as problem:
        fail(f"no agent answers at {where} ([http] listen): {problem}")
    if answer.is_error:
        fail(_said(answer))
    return answer.json()


def url_of(listen: HttpAddress) -> str:
    """Where the agent of this machine is asked; one that listens on every address, at loopback."""
    address = ip_address(listen.host)
    host = LOOPBACK[address.version] if address.is_unspecified else listen.host
    return f"http://{HttpAddress(host, listen.port)}"


def _said(answer: httpx.Response) -> str:
    """The problem document's words (RFC 9457), problem by problem where it lists them."""
    try:
        document = answer.json()
        return "\n".join(document.get("problems") or [document["detail"]])
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"the agent answers {answer.status_code}: {answer.text[:200]}"
