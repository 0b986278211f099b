"""A SipPhone that speaks TCP or TLS: it listens, and connects where it calls."""
import re
import socket
import ssl
import threading

from lib.sip_phone import SipPhone


class StreamPhone(SipPhone):
    """with_tls: lib.certificates.Certificate, or None for TCP.  piece: octets sent at a time."""
    protocol, parameter = "TCP", ";transport=tcp"

    def __init__(self, *args, with_tls=None, piece=None, **options):
        self.tls, self.piece = with_tls, piece
        self.connections = []           # live ones, as (socket, (host, port)), the newest last
        self.accepted = 0
        if with_tls:
            self.protocol, self.parameter = "TLS", ";transport=tls"
        super().__init__(*args, **options)

    def _open(self, kind=socket.SOCK_STREAM):
        super()._open(kind)
        self.socket.listen()

    def _run(self):
        while not self._stopping:
            try:
                connection, source = self.socket.accept()
                connection.settimeout(5)
                if self.tls:
                    connection = self.tls.server().wrap_socket(connection, server_side=True)
            except OSError:             # also ssl.SSLError: who connected will tell
                continue
            self.accepted += 1
            self._serve(connection, source[:2])

    def _serve(self, connection, far):
        connection.settimeout(None)
        self.connections.append((connection, far))
        threading.Thread(target=self._read, args=(connection, far), daemon=True).start()

    def _read(self, connection, far):
        held = b""
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            if not data:
                self.connections = [c for c in self.connections if c[0] is not connection]
                return
            held = (held + data).lstrip(b"\r\n")
            while b"\r\n\r\n" in held:
                head = held[:held.index(b"\r\n\r\n") + 4]
                body = int(re.search(rb"^Content-Length: *(\d+)", head, re.M | re.I).group(1))
                if len(held) < len(head) + body:
                    break
                self._take(held[:len(head) + body], far)
                held = held[len(head) + body:].lstrip(b"\r\n")

    def connect(self, to, source=None, context=None, session=None):
        """A new connection to the gateway, even if there is one; returns the socket.  session: of
        an earlier one with the same ssl.SSLContext, to be resumed."""
        connection = socket.create_connection(to, 5, (source or self.host, 0))
        if self.tls:
            connection = (context or self.tls.client()).wrap_socket(connection, session=session)
        self._serve(connection, to)
        return connection

    def _send(self, data, to):
        if not self.connections:
            self.connect(to)
        connection = self.connections[-1][0]
        if not self.piece:
            connection.sendall(data)
            return
        if not self.tls:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), self.piece):
            connection.sendall(data[at:at + self.piece])

    def cut(self):
        """Every connection breaks."""
        for connection, _ in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.cut()
        super().stop()
