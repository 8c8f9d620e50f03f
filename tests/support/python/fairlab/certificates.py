"""A certificate authority of a test's own."""

import os

from .process import run

KIND = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.certificate = f"{folder}/ca.pem"
        run(["openssl", "req", "-x509", *KIND, "-keyout", f"{folder}/ca.key", "-out", self.certificate, "-days", "2",
             "-subj", "/CN=test authority"])

    def issue(self, name, *addresses):
        """Paths of a certificate and its key, for a server at the addresses, or for a client."""
        stem = f"{self.folder}/{name}"
        run(["openssl", "req", *KIND, "-keyout", f"{stem}.key", "-out", f"{stem}.csr", "-subj", f"/CN={name}"])
        with open(f"{stem}.ext", "w", encoding="ascii") as file:
            file.write("extendedKeyUsage=serverAuth,clientAuth\n")
            if addresses:
                file.write("subjectAltName=" + ",".join(f"IP:{address}" for address in addresses) + "\n")
        run(["openssl", "x509", "-req", "-in", f"{stem}.csr", "-CA", self.certificate, "-CAkey",
             f"{self.folder}/ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{stem}.ext", "-out",
             f"{stem}.pem"])
        return f"{stem}.pem", f"{stem}.key"
