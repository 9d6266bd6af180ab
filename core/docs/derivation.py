#!/usr/bin/env python3
"""The second implementation of derivation version 1 (see derivation.md). Standard library only.

  derivation.py --check                         compare with derivation-vectors.json
  derivation.py --derive DOMAIN ENTROPY_HEX...  print "name password" for each
"""
import hashlib, hmac, json, pathlib, struct, sys

HERE = pathlib.Path(__file__).resolve().parent
WORDS = (HERE / "../engine/data/name-words.txt").read_text().split()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ONSETS, VOWELS, CODAS = "bdfghjklmnprstvz", "aeiou", "lmnrst"
# o: open syllable, c: closed syllable, w: word, a digit: so many digits, x: one digit from 2 to 9
PATTERNS = "cocco wccwo wcoc2 wcoc2 wwc4 wwc4 cocwox cocwox coxwco coxwco ccwo3 ccwo3".split()


def seed(entropy, label, domain):
    """HKDF-SHA-256 (RFC 5869), one block."""
    prk = hmac.digest(b"flashpaper derivation 1", entropy, "sha256")
    return hmac.digest(prk, label.encode() + b"\0" + domain.encode() + b"\1", "sha256")


def quarter(s, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        v = s[z] ^ s[x]
        s[z] = (v << turn | v >> (32 - turn)) & 0xFFFFFFFF


def chacha20(key):
    """The key stream (RFC 8439), nonce zero, counter from zero."""
    counter = 0
    while True:
        state = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), counter, 0, 0, 0]
        work = state[:]
        for _ in range(10):
            for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                      (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(work, *q)
        yield from struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(work, state)))
        counter += 1


def chooser(key):
    stream = chacha20(key)

    def choose(table):
        while True:
            value = next(stream) << 8 | next(stream)
            if value < 65536 // len(table) * len(table):
                return table[value % len(table)]
    return choose


def name(key):
    choose, out = chooser(key), ""
    for part in choose(PATTERNS):
        if part in "oc":
            out += choose(ONSETS) + choose(VOWELS)
            out += choose(CODAS) if part == "c" else ""
        elif part == "w":
            out += choose(WORDS)
        elif part == "x":
            out += choose("23456789")
        else:
            out += "".join(choose("0123456789") for _ in range(int(part)))
    return out


def password(key):
    choose = chooser(key)
    return "".join(choose(ALPHABET) for _ in range(24))


def derive(entropy, domain):
    return dict(
        name=name(seed(entropy, "name", domain)),
        password=password(seed(entropy, "password", domain)),
        otr_parameters_seed=seed(entropy, "otr parameters", domain).hex(),
        otr_key_seed=seed(entropy, "otr key", domain).hex(),
    )


if sys.argv[1:] == ["--check"]:
    for vector in json.loads((HERE / "derivation-vectors.json").read_text()):
        for key, value in derive(bytes.fromhex(vector["entropy"]), vector["domain"]).items():
            if vector[key] != value:
                sys.exit(f"{vector['words']}: {key} is {value}, not {vector[key]}")
elif sys.argv[1:2] == ["--derive"] and len(sys.argv) > 3:
    for entropy in sys.argv[3:]:
        got = derive(bytes.fromhex(entropy), sys.argv[2])
        print(got["name"], got["password"])
else:
    sys.exit(__doc__)
