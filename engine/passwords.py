"""Passwords of people at the screens and of programs, as hashes (RFC 7914, scrypt).

    scrypt$16384$8$5$SALT$HASH

Rule: parameters stand with each hash, so that they may grow while older hashes still hold; what is compared
is compared in constant time, and a login without a password costs as much as one with a wrong password.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from typing import NamedTuple

from .secret import Secret

COST, BLOCK, PARALLEL = 1 << 14, 8, 5
"16 MB of memory for about a quarter of a second on a small device."
COST_MOST, BLOCK_MOST, PARALLEL_MOST = 1 << 17, 8, 16
"A hash that wants more is not one of ours."
SALT_OCTETS, HASH_OCTETS = 16, 32
FORM = re.compile(
    r"scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]{8,88})\$([A-Za-z0-9+/=]{44})", re.ASCII
)
SHORTEST = 8
"Characters (NIST SP 800-63B, section 5.1.1)."
LONGEST = 1024


def hashed(password: Secret) -> Secret:
    salt = secrets.token_bytes(SALT_OCTETS)
    octets = derived(password, salt, COST, BLOCK, PARALLEL)
    parts = ("scrypt", COST, BLOCK, PARALLEL, b64encode(salt).decode(), b64encode(octets).decode())
    return Secret("$".join(map(str, parts)))


class Parts(NamedTuple):
    """Of a hash."""

    cost: int
    block: int
    parallel: int
    salt: bytes
    octets: bytes


def is_hash(text: Secret) -> bool:
    return parts_of(text) is not None


def parts_of(text: Secret) -> Parts | None:
    """None: it is none, or none of ours."""
    found = FORM.fullmatch(text.reveal())
    if found is None or not fits(*map(int, found.groups()[:3])):
        return None
    try:
        salt, octets = (b64decode(each, validate=True) for each in found.groups()[3:])
    except ValueError:
        return None
    cost, block, parallel = map(int, found.groups()[:3])
    return Parts(cost, block, parallel, salt, octets)


def matches(password: Secret, kept: Secret | None) -> bool:
    """Takes as long where nothing is kept, or what is kept is no hash. Blocks: call it in a thread."""
    found = parts_of(kept) if kept is not None else None
    if found is None:
        derived(password, b"nobody's salt...", COST, BLOCK, PARALLEL)
        return False
    octets = derived(password, found.salt, found.cost, found.block, found.parallel)
    return hmac.compare_digest(octets, found.octets)


def fits(cost: int, block: int, parallel: int) -> bool:
    """OpenSSL computes it, and it is no burden (RFC 7914, section 2)."""
    power = cost > 1 and cost & (cost - 1) == 0
    of_ours = cost <= COST_MOST and 0 < block <= BLOCK_MOST and 0 < parallel <= PARALLEL_MOST
    return power and of_ours and cost < 1 << 16 * block


def derived(password: Secret, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    memory = 128 * block * (cost + parallel + 2) + (1 << 20)
    text = password.reveal().encode("utf-8", "surrogatepass")[:LONGEST]
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=HASH_OCTETS)
