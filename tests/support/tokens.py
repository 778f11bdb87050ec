"""A provider of access tokens, as tests need one: keys of both kinds, and tokens that count or do not."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.com/"
AUDIENCE = "lifeboat"
RSA = rsa.generate_private_key(65_537, 2_048)
EC = ec.generate_private_key(ec.SECP256R1())
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def key_set(**keys: PrivateKey) -> bytes:
    """The JWKS document of these keys, by id."""
    return json.dumps({"keys": [_public(key, key_id) for key_id, key in keys.items()]}).encode()


def _public(key: PrivateKey, key_id: str) -> dict[str, Any]:
    jwk: dict[str, Any] = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    return {**jwk, "kid": key_id, "use": "sig"}


def token(
    *, key: Any = RSA, algorithm: str = "RS256", key_id: str | None = "rsa", without: str = "", **claims: Any
) -> str:
    """An access token of alice, who may predict; what is said of it otherwise is so."""
    now = int(time.time())
    full = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "0f1e2d3c",
        "username": "alice",
        "iat": now,
        # Some are made when tests are collected, and used when their turn comes.
        "exp": now + 4 * 3600,
        "groups": ["predict"],
    } | claims
    full.pop(without, None)
    return jwt.encode(full, key, algorithm, headers={} if key_id is None else {"kid": key_id})


def signed_with_the_public_key() -> str:
    """HS256 with the key that everybody has. PyJWT refuses to make such a token: it is put together."""

    def encoded(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = jwt.decode(token(groups=["admin"]), options={"verify_signature": False})
    text = f"{encoded({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{encoded(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), hashlib.sha256)).decode().rstrip("=")
    return f"{text}.{signature}"
