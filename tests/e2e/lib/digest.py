"""Digest credentials (RFC 7616) by hashlib, independent of the gateway's code."""
import hashlib
import os
import re

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def fields(value):
    return {key.lower(): quoted or plain for key, quoted, plain in
            re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))', value)}


class Login:
    def __init__(self, user, password, algorithm=None):
        self.user, self.password, self.algorithm = user, password, algorithm

    def answer(self, response, method, uri, nc=1):
        """The header line that answers the challenge in the text of a response."""
        lines = re.findall(r"^(WWW|Proxy)-Authenticate:\s*Digest\s+(.*?)\r?$", response, re.M)
        asked = [(kind, fields(value)) for kind, value in lines]
        kind, c = next((k, c) for k, c in asked
                       if self.algorithm in (None, c.get("algorithm", "MD5").upper()))
        name = c.get("algorithm", "MD5")

        def h(text):
            return hashlib.new(HASHES[name.upper()], text.encode()).hexdigest()
        cnonce, count = os.urandom(6).hex(), f"{nc:08x}"
        digest = h(":".join([h(f"{self.user}:{c['realm']}:{self.password}"), c["nonce"], count,
                             cnonce, "auth", h(f"{method}:{uri}")]))
        header = "Authorization" if kind == "WWW" else "Proxy-Authorization"
        return (f'{header}: Digest username="{self.user}", realm="{c["realm"]}", '
                f'nonce="{c["nonce"]}", uri="{uri}", response="{digest}", algorithm={name}, '
                f'cnonce="{cnonce}", qop=auth, nc={count}')
