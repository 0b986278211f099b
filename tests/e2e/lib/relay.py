"""Stands on a UDP wire between two ends: passes everything on, and can put in datagrams that come
from the very address each end trusts."""
import selectors
import socket
import threading

from lib.stage import HOST, realtime


class Relay:
    """a_port and b_port are the ends.  Each must be told the relay's port as its peer: towards_a
    for a, towards_b for b."""

    def __init__(self, stage, a_port, b_port, keep=2000):
        self._sides = []
        for peer in (a_port, b_port):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.bind((HOST, stage.port()))
            s.setblocking(False)
            self._sides.append((s, (HOST, peer)))
        self.towards_a, self.towards_b = (s.getsockname()[1] for s, _ in self._sides)
        self.to_a = []                   # the latest datagrams passed to a
        self.change = None               # (data, is_to_a) -> data, of each that passes; None: lost
        self._keep = keep
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        realtime()
        selector = selectors.DefaultSelector()
        (sa, a), (sb, b) = self._sides
        selector.register(sa, selectors.EVENT_READ, (sb, b, False))
        selector.register(sb, selectors.EVENT_READ, (sa, a, True))
        while not self._stopping:
            for key, _ in selector.select(0.2):
                out, to, is_to_a = key.data
                while True:
                    try:
                        data = key.fileobj.recv(65536)
                    except BlockingIOError:
                        break
                    except OSError:
                        continue
                    if self.change:
                        data = self.change(data, is_to_a)
                        if data is None:
                            continue
                    try:
                        out.sendto(data, to)
                    except OSError:
                        pass
                    if is_to_a:
                        self.to_a.append(data)
                        del self.to_a[:-self._keep]

    def put_to_a(self, data):
        """A datagram that a takes for b's."""
        socket_, address = self._sides[0]
        socket_.sendto(data, address)

    def stop(self):
        self._stopping = True
        self._thread.join()
        for s, _ in self._sides:
            s.close()
