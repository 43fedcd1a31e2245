"""All transactions of a user agent: which one a message belongs to (RFC 3261 §17.1.3, §17.2.3), and where
responses go (§18.2, RFC 3581).

Branches of ours are unguessable, so a response is matched by branch and method alone. A request whose
branch lacks the magic cookie is matched as RFC 2543 did, by what must be equal in a retransmission.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .flow import Address, Flow, Outgoing
from .message import Request, Response
from .reply import tag_of
from .timers import Durations, Timers
from .traffic import Traffic
from .transaction import (
    CALLING,
    PROCEEDING,
    TRYING,
    ClientTransaction,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    ServerTransaction,
    Transaction,
)
from .uri import DEFAULT_PORTS, format_host_port
from .via import MAGIC_COOKIE, Via

MAX_TRANSACTIONS = 100_000
"""Transactions at once: 700 calls a second leave about that many, most of them lingering for 32 s. Beyond it,
requests are answered 503 without state."""
MAX_LOCALS = 1_000
"Own addresses whose Via is remembered."

_OWN_BRANCH = re.compile(rb"^(?!SIP/)[^\r]*\r\nVia: [^\r]*;branch=(?P<branch>[^;,\r]+)")

Key = tuple[object, ...]
OnResponse = Callable[[Response, float], None]


class TooManyTransactions(RuntimeError):
    """MAX_TRANSACTIONS are open: the request must be answered 503 without a transaction."""


class Transactions:
    """Open transactions by key. `send(flow, data)` puts bytes out; `token()` gives unguessable text;
    `sent_by(flow)` the host and port that go into Via."""

    def __init__(
        self,
        timers: Timers,
        durations: Durations,
        send: Callable[[Flow, bytes], None],
        token: Callable[[], str],
        sent_by: Callable[[Flow], Address],
    ) -> None:
        self.timers = timers
        self.durations = durations
        self.send = send
        self.traffic = Traffic()
        self._token = token
        self._sent_by = sent_by
        self._via_heads: dict[tuple[str, Address], str] = {}
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._merging: dict[Key, InviteServer] = {}
        self._by_flow: dict[Flow, set[Transaction]] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    # Client side

    def request(self, request: Request, flow: Flow, on_response: OnResponse, now: float) -> ClientTransaction:
        """Send `request` with a new Via on top, and its retransmissions."""
        branch = MAGIC_COOKIE + self._token()
        request.fields = {"via": [f"{self._via_head(flow)}{branch}"], **request.fields}
        return self._start_client(request, (branch, request.method), flow, on_response, now)

    def without_state(self, request: Request, flow: Flow) -> Outgoing:
        """`request` with a new Via on top, for an ACK to a 2xx: it is no transaction (§13.2.2.4)."""
        via = f"{self._via_head(flow)}{MAGIC_COOKIE}{self._token()}"
        request.fields = {"via": [via], **request.fields}
        return Outgoing(flow, bytes(request))

    def cancel(self, invite: InviteClient, headers: dict[str, list[str]], now: float) -> None:
        """Send a CANCEL for `invite` (RFC 3261 §9.1). Its answer tells nothing; the INVITE's does."""
        source = invite.request.fields
        fields = {name: source[name] for name in ("via", "from", "to", "call-id")}
        fields["max-forwards"] = ["70"]
        fields["cseq"] = [f"{invite.request.cseq[0]} CANCEL"]
        if "route" in source:
            fields["route"] = source["route"]
        request = Request("CANCEL", invite.request.uri, fields={**fields, **headers})
        self._start_client(request, (invite.key[0], "CANCEL"), invite.flow, _ignore, now)

    def _start_client(
        self, request: Request, key: Key, flow: Flow, on_response: OnResponse, now: float
    ) -> ClientTransaction:
        client: InviteClient | NonInviteClient
        if request.method == "INVITE":
            client = InviteClient(self, key, flow, CALLING, request, on_response)
        else:
            client = NonInviteClient(self, key, flow, TRYING, request, on_response)
        self._clients[key] = client
        self._remember_flow(client)
        client.start(now)
        return client

    def _via_head(self, flow: Flow) -> str:
        key = flow.transport, flow.local
        head = self._via_heads.get(key)
        if head is None:
            host, port = self._sent_by(flow)
            head = f"SIP/2.0/{flow.transport.upper()} {format_host_port(host, port)};rport;branch="
            if len(self._via_heads) >= MAX_LOCALS:
                self._via_heads.clear()
            self._via_heads[key] = head
        return head

    def receive_response(self, response: Response, via: Via, now: float) -> bool:
        """Hand a response to its transaction; False when there is none (any more)."""
        client = self._clients.get((via.branch, response.cseq[1]))
        if client is None:
            self.traffic.refused["stray response"] += 1
            return False
        client.receive(response, now)
        return True

    # Server side

    def find(self, key: Key) -> ServerTransaction | None:
        return self._servers.get(key)

    def serve(self, request: Request, key: Key, via: Via, flow: Flow) -> ServerTransaction:
        """A new transaction for a request that `find` did not know. Raises TooManyTransactions."""
        if len(self) >= MAX_TRANSACTIONS:
            self.traffic.refused["out of memory"] += 1
            raise TooManyTransactions(f"{MAX_TRANSACTIONS} transactions are open")
        back = reply_flow(flow, via)
        server: InviteServer | NonInviteServer
        if request.method == "INVITE":
            server = InviteServer(self, key, back, PROCEEDING, request)
            merge_key = _merge_key(request)
            if merge_key is not None:
                self._merging[merge_key] = server
        else:
            server = NonInviteServer(self, key, back, TRYING, request)
        if back.reliable:
            port = via.port or DEFAULT_PORTS[back.transport]
            server.fallback = Flow(back.transport, back.local, Address(back.remote.host, port), back.name)
        self._servers[key] = server
        self._remember_flow(server)
        return server

    def is_merged(self, request: Request) -> bool:
        """Whether an INVITE that has no To tag reached us before by another way (RFC 3261 §8.2.2.2).

        One that we refused may come again by another way, as a proxy's next try: that is not merging."""
        merge_key = _merge_key(request)
        earlier = self._merging.get(merge_key) if merge_key is not None else None
        return earlier is not None and earlier.state not in ("completed", "confirmed")

    # Both

    def remove(self, transaction: Transaction) -> None:
        """Called by a transaction that terminated."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        elif isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            if isinstance(transaction, InviteServer):
                merge_key = _merge_key(transaction.request)
                if merge_key is not None and self._merging.get(merge_key) is transaction:
                    del self._merging[merge_key]
        if transaction.flow.reliable:
            self._forget_flow(transaction)

    def flow_closed(self, flow: Flow, now: float, reason: str = "") -> None:
        """A connection closed or could not be made: requests that wait for an answer fail with that reason,
        responses go to the address in Via."""
        for transaction in self._by_flow.pop(flow, ()):
            if isinstance(transaction, ClientTransaction):
                transaction.send_failed(now, reason)
            elif isinstance(transaction, ServerTransaction) and transaction.flow != transaction.fallback:
                transaction.flow = transaction.fallback
                self._remember_flow(transaction)

    def send_failed(self, data: bytes, now: float) -> None:
        """A datagram of ours could not be sent (no route, too large). A lost response is asked for again."""
        found = _OWN_BRANCH.search(data)
        if found is not None:
            key = found["branch"].decode(), data.partition(b" ")[0].decode()
            client = self._clients.get(key)
            if client is not None:
                client.send_failed(now)

    def _remember_flow(self, transaction: Transaction) -> None:
        if transaction.flow.reliable:
            self._by_flow.setdefault(transaction.flow, set()).add(transaction)

    def _forget_flow(self, transaction: Transaction) -> None:
        users = self._by_flow.get(transaction.flow)
        if users is not None:
            users.discard(transaction)
            if not users:
                del self._by_flow[transaction.flow]


def server_key(request: Request, via: Via) -> Key:
    """What retransmissions of a request have in common with it, and an ACK for a failure with its INVITE."""
    method = "INVITE" if request.method == "ACK" else request.method
    branch = via.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE):
        return (branch, via.host.lower(), via.port, method)
    return old_key(request, method)


def old_key(request: Request, method: str) -> Key:
    """Matching as RFC 2543 did. The To tag is left out: an ACK has one where its INVITE had none."""
    fields = request.fields
    return (
        request.uri,
        tag_of(fields["from"][0]),
        fields["call-id"][0],
        request.cseq[0],
        fields["via"][0],
        method,
    )


def invite_key(cancel: Request, via: Via) -> Key:
    """The key of the INVITE that a CANCEL is for (RFC 3261 §9.2)."""
    key = server_key(cancel, via)
    return (*key[:-1], "INVITE")


def reply_flow(flow: Flow, via: Via) -> Flow:
    """Where responses to a request go that came over `flow` (RFC 3261 §18.2.2, RFC 3581 §4). `maddr` is
    not followed: it would let anyone aim our answers at a third."""
    if flow.reliable or "rport" in via.params:
        return flow
    port = via.port or DEFAULT_PORTS[flow.transport]
    if port == flow.remote.port:
        return flow
    return Flow(flow.transport, flow.local, Address(flow.remote.host, port))


def _merge_key(request: Request) -> Key | None:
    fields = request.fields
    if tag_of(fields["to"][0]) is not None:
        return None
    return (fields["call-id"][0], tag_of(fields["from"][0]), request.cseq[0])


def _ignore(response: Response, now: float) -> None:
    """For answers that change nothing."""
