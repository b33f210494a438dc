"""A provider of OpenID Connect on 127.0.0.1 for the tests, written against the specifications with Python's cryptography alone; it
misbehaves on request. Whoever comes to its authorization address is signed in as `sub` of the query, without a question.

Prints its port, and ends when its standard input does, or after ten minutes.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import secrets
import sys
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT, SECRET = "minhchung test", "s3cret: +&="
over = threading.Event()
lock = threading.Lock()
codes = {}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, kind):
        self.kind, self.kid = kind, kind + "-" + secrets.token_hex(4)
        if kind == "ec":
            self.private = ec.generate_private_key(ec.SECP256R1())
        else:
            self.private = rsa.generate_private_key(65537, 1024 if kind == "short" else 2048)

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        if self.kind == "ec":
            return {"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
        return {"kty": "RSA", "kid": self.kid, "use": "enc" if self.kind == "enc" else "sig", "n": number(numbers.n), "e": number(numbers.e)}

    def sign(self, algorithm, data):
        if algorithm == "ES256":
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if algorithm == "PS256":
            return self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA384() if algorithm == "RS384" else hashes.SHA256())

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


keys = {kind: Key(kind) for kind in ("rsa", "ec")}
# What a library would guess a symmetric key from, and what nobody here knows.
foreign = [{"kty": "oct", "kid": "oct", "k": "AAAA"}, {"kty": "OKP", "crv": "X25519", "kid": "okp", "x": "AAAA"}, {"kty": "new"}]


def token(grant):
    act, now = grant["act"], int(time.time())
    algorithm = grant["alg"]
    key = keys["ec" if algorithm == "ES256" else "rsa"]
    claims = {
        "iss": grant["issuer"], "sub": grant["sub"], "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": grant["nonce"],
        "email": "chairman@example.gov.vn", "email_verified": True,
    }
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    more = {
        "wrong nonce": {"nonce": "another"}, "wrong aud": {"aud": "another client"}, "empty aud": {"aud": []},
        "several aud": {"aud": [CLIENT, "another client"]}, "several aud with azp": {"aud": [CLIENT, "another client"], "azp": CLIENT},
        "wrong azp": {"azp": "another client"}, "expired": {"exp": now - 120, "iat": now - 420}, "old": {"iat": now - 3600},
        "of the future": {"iat": now + 3600}, "wrong iss": {"iss": "http://127.0.0.1:1"}, "no sub": {"sub": ""}, "odd sub": {"sub": "a\n"},
        "exp as text": {"exp": "never"}, "by code and key": {"amr": ["pwd", "otp"]},
    }
    claims.update(more.get(act, {}))
    if act == "no nonce":
        del claims["nonce"]
    if act == "no exp":
        del claims["exp"]
    if act.startswith("no kid"):
        del header["kid"]
    if act == "no kid and two keys":
        keys.setdefault("second", Key("rsa"))
    if act == "crit":
        header.update({"crit": ["exp"]})
    if act == "unknown kid":
        header["kid"] = "another"
    if act in ("short key", "key for encryption"):
        kind = "short" if act == "short key" else "enc"
        key = keys.setdefault(kind, Key(kind))
        header["kid"] = key.kid
    if act == "key of its own":
        key = Key("rsa")
        header.update({"jwk": key.jwk()})
    if act == "wrong algorithm for the key":
        header["kid"] = keys["ec"].kid
    if act == "RS384":
        algorithm = header["alg"] = "RS384"
    if act == "alg none":
        header["alg"] = "none"
    if act in ("HS256 by the public key", "HS256 by the secret"):
        header["alg"] = "HS256"
    signed = base64url(json.dumps(header).encode()) + "." + base64url(json.dumps(claims).encode())
    if act == "alg none":
        return signed + "."
    if act == "HS256 by the public key":
        return signed + "." + base64url(hmac.digest(key.pem(), signed.encode(), "sha256"))
    if act == "HS256 by the secret":
        return signed + "." + base64url(hmac.digest(SECRET.encode(), signed.encode(), "sha256"))
    signature = base64url(key.sign(algorithm, signed.encode()))
    if act == "other claims":
        signed = signed.split(".")[0] + "." + base64url(json.dumps({**claims, "sub": "chairman"}).encode())
    if act == "no signature":
        return signed + "."
    if act == "not a token":
        return "a.b"
    return signed + "." + signature


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        base = f"http://127.0.0.1:{self.server.server_port}"
        if url.path.endswith("/.well-known/openid-configuration"):
            act = url.path.split("/")[1]
            issuer = base if act == ".well-known" else f"{base}/{act}"
            document = {
                "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys", "response_types_supported": ["code"],
            }
            if act == "liar":
                document["issuer"] = base
            elif act == "elsewhere":
                document["token_endpoint"] = "http://provider.example/token"
            elif act == "file":
                document["jwks_uri"] = "file:///etc/hostname"
            elif act == "post":
                document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
            elif act == "large":
                document["more"] = "x" * 300_000
            elif act == "silent":
                over.wait()
            self.answer({"junk": ["this", "is", "not", "it"]} if act == "junk" else document, status=500 if act == "ill" else 200)
        elif url.path.endswith("/authorize"):
            wanted = {"response_type", "scope", "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method"}
            if not wanted <= set(query) or query["client_id"] != CLIENT or query["code_challenge_method"] != "S256" or query["scope"] != "openid":
                return self.answer({"error": "invalid_request"}, status=400)
            code = secrets.token_urlsafe(16)
            codes[code] = {
                **query, "act": query.get("act", ""), "alg": query.get("alg", "RS256"), "sub": query.get("sub", "248289761001"),
                "issuer": base + url.path[: -len("/authorize")],
            }
            self.answer({"code": code, "state": query["state"]})
        elif url.path.endswith("/keys"):
            self.answer({"keys": foreign + [key.jwk() for key in keys.values()]})
        elif url.path == "/rotate":
            with lock:
                keys["rsa"] = Key("rsa")
            self.answer({})
        else:
            self.answer({}, status=404)

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.headers["Content-Type"] != "application/x-www-form-urlencoded" or form.get("grant_type") != "authorization_code":
            return self.answer({"error": "invalid_request"}, status=400)
        if "/post/" in self.path:
            client = (form.get("client_id"), form.get("client_secret"))
        else:
            pair = base64.b64decode(self.headers.get("Authorization", "")[len("Basic ") :]).decode().split(":")
            client = tuple(urllib.parse.unquote(part) for part in pair)
        if client != (CLIENT, SECRET):
            return self.answer({"error": "invalid_client"}, status=401)
        with lock:
            grant = codes.pop(form.get("code"), None)
        challenge = base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if grant is None or grant["redirect_uri"] != form.get("redirect_uri") or grant["code_challenge"] != challenge:
            return self.answer({"error": "invalid_grant"}, status=400)
        if grant["act"] == "moved":
            return self.answer({}, status=307, more={"Location": self.path})
        if grant["act"] == "no id token":
            return self.answer({"access_token": "a", "token_type": "Bearer"})
        self.answer({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token(grant)})

    def answer(self, body, status=200, more={}):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that goes away is what some tests are about


server = Server(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Timer(600, os._exit, [1]).start()
print(server.server_port, flush=True)
sys.stdin.buffer.read()
over.set()
os._exit(0)
