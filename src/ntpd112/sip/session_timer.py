"""Session timers (RFC 4028): a session that nobody refreshes is over, so no call outlives a dead peer."""

from __future__ import annotations

from collections.abc import Callable

from .message import Request, Response
from .session_policy import SessionPolicy
from .timers import Timer, Timers
from .uri import parse_params

EXPIRY_MARGIN = 32.0
"Seconds before the end of the interval at which who does not refresh gives up (RFC 4028 §10)."
MAX_INTERVAL = 86_400
"Seconds: a longer interval is taken as this one."
RETRY = 8.0
"Seconds until a refresh that was refused is tried again, within the interval."


class TooSmall(Exception):
    """The peer asks for an interval below our minimum: the answer is 422 with `Min-SE`."""


class SessionTimer:
    """One session's interval (seconds; 0: none) and who refreshes. `on_refresh` sends one, `on_expired` ends
    the session."""

    def __init__(
        self,
        timers: Timers,
        policy: SessionPolicy,
        on_refresh: Callable[[float], None],
        on_expired: Callable[[float], None],
    ) -> None:
        self.interval = 0
        self.refresher = False
        "We are the one who refreshes."
        self._timers = timers
        self._wanted = policy.session_s
        self._minimum = policy.min_session_s
        self._preferred = policy.refresher
        self._on_refresh = on_refresh
        self._on_expired = on_expired
        self._refresh: Timer | None = None
        self._expiry: Timer | None = None

    def request_headers(self) -> dict[str, list[str]]:
        """For an INVITE, re-INVITE or UPDATE of ours. Who refreshes now keeps doing so."""
        if not self._wanted:
            return {}
        we_do = self.refresher if self.interval else {"us": True, "peer": False, "any": None}[self._preferred]
        role = "" if we_do is None else ";refresher=uac" if we_do else ";refresher=uas"
        headers = {"session-expires": [f"{self.interval or self._wanted}{role}"]}
        if self._minimum > 90:
            headers["min-se"] = [str(self._minimum)]
        return headers

    def accept_request(self, request: Request, supported: bool) -> dict[str, list[str]]:
        """Settle interval and refresher for a request of the peer; headers for the 2xx. Raises TooSmall.

        `supported`: the peer knows the extension; then its wishes count, else only its interval."""
        asked, role = _read(request)
        if not self._wanted or (asked is None and not supported):
            return {}
        if asked is not None and asked < self._minimum and supported:
            raise TooSmall(f"Session-Expires {asked} is below {self._minimum}")
        floor = _number(request.get("min-se")) or self._minimum
        interval = self._wanted if asked is None else min(asked, max(self._wanted, floor))
        if asked is None:
            interval = max(interval, floor)
        if not supported:
            role = "uas"
        elif role is None:
            we_do = self.refresher if self.interval else self._preferred != "peer"
            role = "uas" if we_do else "uac"
        self.interval, self.refresher = interval, role == "uas"
        headers = {"session-expires": [f"{interval};refresher={role}"]}
        if role == "uac":
            headers["require"] = ["timer"]
        return headers

    def accept_response(self, response: Response) -> None:
        """Settle interval and refresher from the 2xx to a request of ours. Without Session-Expires there is
        no timer, but a refresh that we have begun to do goes on: it does no harm and finds a dead peer."""
        asked, role = _read(response)
        if asked is not None and self._wanted:
            self.interval, self.refresher = max(asked, 1), role != "uas"
        elif not self.refresher:
            self.interval = 0

    def raise_to(self, response: Response) -> bool:
        """Take the minimum of a 422; False if it says nothing new, so that asking again is useless."""
        minimum = _number(response.get("min-se"))
        if minimum is None or minimum <= (self.interval or self._wanted):
            return False
        self._wanted = self._minimum = minimum
        if self.interval:
            self.interval = minimum
        return True

    def restart(self, now: float) -> None:
        """The session was set up or refreshed."""
        self.stop()
        if not self.interval:
            return
        margin = min(EXPIRY_MARGIN, self.interval / 3)
        self._expiry = self._timers.start(now + self.interval - margin, self._on_expired)
        if self.refresher:
            self._refresh = self._timers.start(now + self.interval / 2, self._on_refresh)

    def retry(self, now: float, after: float = RETRY) -> None:
        """A refresh did not succeed but the session stands: try again, until it expires."""
        if self.refresher and self._expiry is not None:
            if self._refresh is not None:
                self._refresh.cancel()
            self._refresh = self._timers.start(now + after, self._on_refresh)

    def end(self) -> None:
        """The session is over. Lets go of its owner, so that no cycle of objects is left to the collector."""
        self.stop()
        self._on_refresh = self._on_expired = _nothing

    def stop(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            self._refresh = None
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None


def _nothing(now: float) -> None:
    """What a timer of an ended session does."""


def _read(message: Request | Response) -> tuple[int | None, str | None]:
    """Session-Expires: seconds and refresher; None for what is not there or makes no sense."""
    text = message.get("session-expires")
    if text is None:
        return None, None
    number, _, params = text.partition(";")
    role = (parse_params(params).get("refresher") or "").lower()
    return _number(number), role if role in ("uac", "uas") else None


def _number(text: str | None) -> int | None:
    """Delta-seconds, cut to MAX_INTERVAL; header parameters behind are passed over."""
    digits = (text or "").partition(";")[0].strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return min(int(digits[:10]), MAX_INTERVAL)
