"""Whose session a request carries: a token that auth signs, in a cookie or behind "Bearer"."""

import asyncio
import base64
import hashlib
import logging
import re

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from starlette.requests import Request

import clock
from refusal import NotSignedIn, Refusal
from sidecar import Sidecar

log = logging.getLogger("sessions")

LEEWAY = 60  # seconds that the clocks of two machines may be apart
EVERY, SOON = 30, 2  # seconds between questions, and until the first answer


class Sessions:
    def __init__(self, file: str):
        self.keys: dict[str, Ed25519PublicKey] = {}  # by their RFC 7638 thumbprint, which tokens name as their kid
        with open(file, "rb") as pem:
            blocks = re.findall(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", pem.read(), re.DOTALL)
        for block in blocks:
            key = load_pem_public_key(block)
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError(f"{file} holds what is no Ed25519 public key")
            x = base64.urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
            thumb = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
            self.keys[base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()] = key
        if not self.keys:
            raise ValueError(f"{file} is not a PEM file")
        self.ended: dict[str, int] = {}  # by user, the generation below which sessions are over

    def user(self, request: Request) -> str:
        """Who is signed in. A session that is missing, forged, expired or ended is no session."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.cookies.get("session", "")
        claims = self._read(token.strip())
        if claims is None or claims.get("gen", 0) < self.ended.get(claims["sub"], 0):
            raise NotSignedIn
        return claims["sub"]

    def _read(self, token: str) -> dict | None:
        try:
            head = jwt.get_unverified_header(token)
            if head.get("typ") != "JWT":
                return None  # a token of another type
            kid = head.get("kid")
            candidates = [key for name, key in self.keys.items() if kid is None or kid == name]
        except jwt.PyJWTError:
            return None
        now = clock.now() / 1000  # ours, which the library does not ask for
        for key in candidates:
            try:
                claims = jwt.decode(token, key, algorithms=["EdDSA"], options={
                    "require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False})
                begins = max(float(claims["iat"]), float(claims.get("nbf", 0)))
                if claims["sub"] and begins - LEEWAY <= now < float(claims["exp"]) + LEEWAY:
                    return claims
            except (jwt.PyJWTError, TypeError, ValueError):
                continue
        return None

    async def follow(self, sidecar: Sidecar) -> None:
        """Asks auth which sessions are over, again and again, and never while a request waits. While nobody answers the last answer
        stands."""
        pause = SOON
        while True:
            try:
                said = await sidecar.invoke("auth", "GET", "/internal/sessions/ended", limit=5) or {}
                self.ended = {user: int(generation) for user, generation in said.items()}
                pause = EVERY
            except (Refusal, RuntimeError, ValueError, AttributeError, TypeError) as e:
                log.info("no word on which sessions have been ended: %s", e)
            await asyncio.sleep(pause)
