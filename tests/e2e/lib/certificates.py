"""Certificates made for the test by GnuTLS's certtool."""
import ssl
import subprocess

from lib.stage import tool


class Certificate:
    """Files in PEM, and Python's view of them."""

    def __init__(self, path, key, ca):
        self.path, self.key, self.ca = path, key, ca
        self.shown = True       # False: as a client it has none

    def server(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context

    def client(self):
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False
        if self.shown:
            context.load_cert_chain(self.path, self.key)
        return context


class Authority:
    def __init__(self, stage, name="ca"):
        self.stage, self.name = stage, name
        self.key, self.path = self._key(name), stage.path(f"{name}.pem")
        self._run("--generate-self-signed", self._template(name, "ca\ncert_signing_key\n"),
                  "--load-privkey", self.key, "--outfile", self.path)

    def _run(self, what, template, *more):
        subprocess.run([tool("certtool"), "--hash", "SHA256", what, "--template", template, *more],
                       check=True, capture_output=True)

    def _key(self, name):
        path = self.stage.path(f"{name}.key")
        subprocess.run([tool("certtool"), "--generate-privkey", "--key-type", "ecdsa", "--curve",
                        "secp256r1", "--outfile", path], check=True, capture_output=True)
        return path

    def _template(self, name, more, since="2020-01-01", until="2099-01-01"):
        return self.stage.write(f"{name}.template", f'cn = "{name}"\n{more}'
                                f'activation_date = "{since}"\nexpiration_date = "{until}"\n')

    def issue(self, file, domain, **dates):
        key, path = self._key(file), self.stage.path(f"{file}.pem")
        self._run("--generate-certificate",
                  self._template(file, f'dns_name = "{domain}"\nsigning_key\n'
                                 "tls_www_server\ntls_www_client\n", **dates),
                  "--load-privkey", key, "--load-ca-certificate", self.path,
                  "--load-ca-privkey", self.key, "--outfile", path)
        return Certificate(path, key, self.path)
