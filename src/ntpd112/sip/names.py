"""What host names lead to, as far as known: looked up from memory in the middle of a turn, filled beforehand
by who asks DNS (`app/naming.py`), so that no call waits for a name server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .locate import Question, Record, Services, is_address, locate
from .uri import Uri


class Names:
    def __init__(self) -> None:
        self._known: dict[str, Services] = {}
        self.problems: dict[str, str] = {}
        "Why a name leads nowhere, or is not known anew, by what `key` gives."

    def services(self, uri: Uri) -> Services:
        """Empty: it is a name that has led nowhere yet."""
        return locate(uri, _no_answer) if is_address(uri.host) else self._known.get(key(uri), ())

    def problem(self, uri: Uri) -> str:
        """Why a name leads nowhere, or is not known anew; empty: all is well."""
        return self.problems.get(key(uri), "")

    def known(self, name: str) -> Services:
        """As `services`, by what `key` gives, or by a host name for `locate.sources`."""
        return self._known.get(name, ())

    def hosts(self, name: str) -> list[str]:
        """All addresses that a name is known to lead to, each once."""
        found = [address for service in self.known(name) for address in service.addresses]
        return list(dict.fromkeys(found))

    def learn(self, name: str, services: Services) -> bool:
        """False: that is what was known."""
        if self._known.get(name, ()) == services:
            return False
        self._known[name] = services
        return True

    def forget(self, name: str) -> None:
        self._known.pop(name, None)
        self.problems.pop(name, None)


def key(uri: Uri) -> str:
    """What a URI is known by here: where it leads does not depend on its user."""
    return str(replace(uri, user=None, headers="", host=uri.host.lower()))


def _no_answer(question: Question) -> Sequence[Record]:
    return ()
