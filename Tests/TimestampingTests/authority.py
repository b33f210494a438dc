"""A time stamp authority on 127.0.0.1 for the tests: answers with what the openssl program stamps, and misbehaves on request.

Prints its ports (HTTP, HTTPS with a certificate that nobody trusts, and one where nothing listens) and ends when its
standard input does, or after two minutes. Runs in the folder that LocalAuthority.swift prepares.
"""

import http.server
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

over = threading.Event()


def openssl(*arguments, given=b""):
    with tempfile.TemporaryDirectory() as folder:
        query = os.path.join(folder, "query")
        with open(query, "wb") as file:
            file.write(given)
        words = [query if word == "QUERY" else word for word in arguments]
        return subprocess.run(["openssl", *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def stamped(query):
    return openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "QUERY", given=query)


class Authority(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        act = self.path.strip("/")
        if self.headers["Content-Type"] != "application/timestamp-query":
            self.answer(b"", status=400)
        elif act == "stamp":
            self.answer(stamped(query))
        elif act == "typed":
            self.answer(stamped(query), media="Application/Timestamp-Reply; charset=binary")
        elif act == "error":
            self.answer(stamped(query), status=500)
        elif act == "moved":
            self.answer(b"", status=307, more={"Location": "/stamp"})
        elif act == "elsewhere":
            self.answer(b"", status=307, more={"Location": "file:///etc/hostname"})
        elif act == "page":
            self.answer(b"<html>welcome</html>", media="text/html")
        elif act == "junk":
            self.answer(b"<html>welcome</html>")
        elif act == "empty":
            self.answer(b"")
        elif act == "rejected":
            self.answer(stamped(openssl("ts", "-query", "-digest", "11" * 20, "-sha1", "-cert")))
        elif act == "other-imprint":
            self.answer(stamped(query.replace(query[24:56], b"\x11" * 32)))
        elif act == "other-number":
            self.answer(stamped(openssl("ts", "-query", "-digest", query[24:56].hex(), "-sha256", "-cert")))
        elif act == "no-number":
            self.answer(stamped(openssl("ts", "-query", "-digest", query[24:56].hex(), "-sha256", "-cert", "-no_nonce")))
        elif act == "no-certificate":
            self.answer(stamped(openssl("ts", "-query", "-digest", query[24:56].hex(), "-sha256")))
        elif act == "cut":
            self.answer(stamped(query)[:-100])
        elif act == "broken-off":
            self.answer(stamped(query), length=100_000)
        elif act == "large":
            self.answer(bytes(65_537))
        elif act == "endless":
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            try:
                while not over.is_set():
                    self.wfile.write(bytes(4096))
            except OSError:
                pass  # the client has had enough
            self.close_connection = True
        elif act == "silent":
            over.wait()
        else:
            self.answer(b"", status=404)

    def answer(self, body, status=200, media="application/timestamp-reply", length=None, more={}):
        self.send_response(status)
        for name, value in {"Content-Type": media, "Content-Length": str(length or len(body)), "Connection": "close", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that goes away is what some tests are about


plain = Server(("127.0.0.1", 0), Authority)
secure = Server(("127.0.0.1", 0), Authority)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("root.pem", "root.key")
# The handshake is for the thread of its connection, not for the one that accepts.
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
unheard = socket.socket()
unheard.bind(("127.0.0.1", 0))
for server in (plain, secure):
    threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Timer(120, os._exit, [1]).start()
print(plain.server_port, secure.server_port, unheard.getsockname()[1], flush=True)
sys.stdin.buffer.read()
over.set()
os._exit(0)
