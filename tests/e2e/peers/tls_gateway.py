"""Gateways that speak SIP over TLS, or should: for what may be wrong with certificates on either side."""

from __future__ import annotations

import socket
import ssl
import threading

import trustme

from .raw import header

PORT = 5061
PLAIN = b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 5.0


class TlsGateway:
    """Listens at once, at `host`, port 5061, and answers each OPTIONS 200. `paper`: its certificate, None: it
    speaks no TLS. `trusts`: whose certificates a client has to show; None: it wants none."""

    def __init__(self, host: str, paper: trustme.LeafCert | None, trusts: trustme.CA | None = None) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if paper is not None else None
        if self._context is not None and paper is not None:
            paper.configure_cert(self._context)
        if self._context is not None and trusts is not None:
            trusts.configure_trust(self._context)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._socket = socket.create_server((host, PORT))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._context is None:
                connection.recv(65536)
                connection.sendall(PLAIN)
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                while asked := secured.recv(65536).decode():
                    secured.sendall(_answer(asked))
        except OSError:
            pass  # the agent says what was wrong


def _answer(asked: str) -> bytes:
    fields = "".join(
        f"{name}: {header(asked, name)}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq")
    )
    return f"SIP/2.0 200 OK\r\n{fields}Content-Length: 0\r\n\r\n".encode()
