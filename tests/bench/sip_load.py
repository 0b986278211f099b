"""OPTIONS requests as fast as they are answered, over UDP, TCP or TLS, a window of them at a time."""
import os
import socket

from lib.stage import HOST, Failed

WINDOW = 50


def _request(protocol, port, number):
    return (f"OPTIONS sip:{HOST} SIP/2.0\r\n"
            f"Via: SIP/2.0/{protocol} {HOST}:{port};rport;branch=z9hG4bK{os.urandom(8).hex()}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:load@{HOST}>;tag={number}\r\nTo: <sip:{HOST}>\r\n"
            f"Call-ID: {number}-{protocol}@load\r\nCSeq: {number} OPTIONS\r\n"
            f"Contact: <sip:load@{HOST}:{port}>\r\nContent-Length: 0\r\n\r\n").encode()


def _windows(protocol, port, count):
    for first in range(1, count + 1, WINDOW):
        yield [_request(protocol, port, n) for n in range(first, first + WINDOW)]


def by_udp(gateway_port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((HOST, 0))
        s.settimeout(5)
        for requests in _windows("UDP", s.getsockname()[1], count):
            for request in requests:
                s.sendto(request, (HOST, gateway_port))
            for _ in requests:
                if not s.recv(4096).startswith(b"SIP/2.0 200"):
                    raise Failed("OPTIONS over UDP was not answered 200")


def by_stream(gateway_port, count, tls=None):
    """tls: an ssl.SSLContext.  One request a write, as a proxy does."""
    with socket.create_connection((HOST, gateway_port), 5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = s.getsockname()[1]
        s = tls.wrap_socket(s) if tls else s
        for requests in _windows("TLS" if tls else "TCP", port, count):
            for request in requests:
                s.sendall(request)
            answered, held = 0, b""
            while answered < len(requests):
                data = s.recv(65536)
                if not data:
                    raise Failed("the gateway closed the connection")
                held += data
                *whole, held = held.split(b"\r\n\r\n")
                if not all(text.startswith(b"SIP/2.0 200") for text in whole):
                    raise Failed("OPTIONS over a connection was not answered 200")
                answered += len(whole)
        s.close()
