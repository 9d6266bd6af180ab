#!/usr/bin/env python3
"""The second implementation of derivation version 1 (see derivation.md). Standard library only.

  derivation.py --check                         compare with derivation-vectors.json; exit code 1 if any value differs
  derivation.py --derive DOMAIN ENTROPY_HEX...  print what each entropy gives at the domain, as JSON
  derivation.py --otr PARAMETERS_HEX KEY_HEX    print the OTR key that two seeds give, as JSON
"""
import hashlib, hmac, json, pathlib, struct, sys

HERE = pathlib.Path(__file__).resolve().parent
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


# What a to z cost after the letters before them, a line for each: see derivation.md.
COSTS = [[ord(code) - ord("!") for code in line]
         for line in (HERE / "../engine/data/names/letters.txt").read_text().split()]
WEIGHTS = 32768, 30048, 27554, 25268, 23170, 21247, 19484, 17867
# What 0 to 9 cost: for one digit, two, three, four; then the decades of a year from the 1940s, and its last digit.
DIGITS = [
    [33, 16, 15, 26, 34, 35, 40, 29, 36, 37],
    [25, 19, 24, 35, 33, 39, 41, 31, 22, 19],
    [27, 24, 25, 24, 27, 28, 30, 26, 29, 27],
    [24, 15, 26, 27, 34, 30, 33, 31, 34, 30],
    [18, 22, 17, 31, 34, 33, 29, 36, 32, 34],
    [26, 22, 29, 20, 33, 29, 29, 25, 30, 31],
    [17, 13, 26, 32, 35, 33, 39, 41, 35, 31],
    [20, 24, 22, 27, 31, 28, 30, 32, 29, 30],
    [16, 19, 21, 30, 37, 36, 37, 37, 31, 29],
    [23, 24, 26, 27, 26, 29, 28, 27, 29, 28],
    [55, 76, 52, 42, 18, 14, 21, 15, 44, 76],
    [22, 27, 28, 29, 28, 27, 26, 27, 24, 30],
]
# Share, letters, digits or "year", limit.
SHAPES = [
    (5, 8, 0, 344),
    (41, 9, 0, 354),
    (50, 10, 0, 326),
    (50, 11, 0, 313),
    (45, 12, 0, 306),
    (10, 13, 0, 286),
    (2, 14, 0, 266),
    (3, 8, 1, 295),
    (3, 9, 1, 280),
    (1, 10, 1, 260),
    (4, 7, 2, 302),
    (6, 8, 2, 290),
    (2, 9, 2, 268),
    (1, 10, 2, 258),
    (4, 6, 3, 308),
    (6, 7, 3, 292),
    (3, 8, 3, 274),
    (1, 9, 3, 258),
    (4, 5, 4, 316),
    (8, 6, 4, 299),
    (5, 7, 4, 280),
    (1, 8, "year", 264),
    (1, 9, "year", 260),
]


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


def drawer(key):
    stream = chacha20(key)

    def below(bound):
        while True:
            value = next(stream) << 8 | next(stream)
            if value < 65536 // bound * bound:
                return value % bound
    return below


def weighted(below, weights):
    value = below(sum(weights))
    for number, weight in enumerate(weights):
        if value < weight:
            return number
        value -= weight


def weight(cost):
    return WEIGHTS[cost % 8] >> cost // 8


def row(before, last):
    """The costs of a to z behind these letters."""
    if len(before) < 2:
        return COSTS[before[0] + 1 if before else 0]
    return COSTS[27 + 676 * last + 26 * before[-2] + before[-1]]


def name(key):
    below = drawer(key)
    _, length, ending, limit = SHAPES[weighted(below, [shape[0] for shape in SHAPES])]
    while True:
        letters, cost = [], 0
        for place in range(1, length + 1):
            costs = row(letters, place == length)
            letters.append(weighted(below, [weight(cost) for cost in costs]))
            cost += costs[letters[-1]]
        digits = []
        for costs in DIGITS[10:] if ending == "year" else DIGITS[ending * (ending - 1) // 2:][:ending]:
            digits.append(weighted(below, [weight(cost) for cost in costs]))
            cost += costs[digits[-1]]
        if below(32768) < weight(max(0, limit - cost)):
            break
    if ending == "year":
        digits[0] += 194
    return "".join(chr(ord("a") + letter) for letter in letters) + "".join(map(str, digits))


def password(key):
    below = drawer(key)
    return "".join(ALPHABET[below(62)] for _ in range(24))


def tag(key):
    below = drawer(key)
    return 256 + 32768 * below(4369) + below(32768)


SMALL_PRIMES = [n for n in range(2, 2048) if all(n % d for d in range(2, int(n**0.5) + 1))]


def is_prime(n):
    """Trial division, then Miller-Rabin to the first forty primes as bases."""
    if any(n % prime == 0 for prime in SMALL_PRIMES):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in SMALL_PRIMES[:40]:
        x = pow(base, odd, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def draw(stream, count):
    return int.from_bytes(bytes(next(stream) for _ in range(count)), "big")


def mpi(n):
    length = (n.bit_length() + 7) // 8
    return struct.pack(">I", length) + n.to_bytes(length, "big")


def otr_key(parameters_seed, key_seed):
    parameters, key = chacha20(parameters_seed), chacha20(key_seed)
    while not is_prime(q := draw(parameters, 20) | 1 << 159 | 1):
        pass
    while True:
        x = draw(parameters, 128) | 1 << 1023
        p = x - x % (2 * q) + 1
        if p.bit_length() == 1024 and is_prime(p):
            break
    g = next(g for h in range(2, 256) if (g := pow(h, (p - 1) // q, p)) != 1)
    while not 0 < (x := draw(key, 20)) < q:
        pass
    y = pow(g, x, p)
    fingerprint = hashlib.sha1(mpi(p) + mpi(q) + mpi(g) + mpi(y)).hexdigest()
    return {f"otr_{name}": f"{n:x}" for name, n in zip("pqgxy", (p, q, g, x, y))} | {"otr_fingerprint": fingerprint}


def derive(entropy, domain):
    name_seed, password_seed = seed(entropy, "name", domain), seed(entropy, "password", domain)
    tag_seed = seed(entropy, "otr instance tag", domain)
    return {
        "entropy": entropy.hex(),
        "domain": domain,
        "name_seed": name_seed.hex(),
        "name": name(name_seed),
        "password_seed": password_seed.hex(),
        "password": password(password_seed),
        "otr_parameters_seed": seed(entropy, "otr parameters", domain).hex(),
        "otr_key_seed": seed(entropy, "otr key", domain).hex(),
        "otr_tag_seed": tag_seed.hex(),
        "otr_tag": tag(tag_seed),
    }


def check():
    vectors = json.loads((HERE / "derivation-vectors.json").read_text())
    for vector in vectors:
        ours = derive(bytes.fromhex(vector["entropy"]), vector["domain"])
        seeds = [bytes.fromhex(ours[f"otr_{of}_seed"]) for of in ("parameters", "key")]
        ours |= otr_key(*seeds)
        if vector != {"words": vector["words"], **ours}:
            sys.exit(f"the vector for entropy {vector['entropy']} differs:\n{json.dumps(ours, indent=2)}")
    print(f"{len(vectors)} vectors agree")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--check"]:
            check()
        case ["--derive", domain, _, *_]:
            print(json.dumps([derive(bytes.fromhex(entropy), domain) for entropy in sys.argv[3:]], indent=2))
        case ["--otr", parameters, key]:
            print(json.dumps(otr_key(bytes.fromhex(parameters), bytes.fromhex(key)), indent=2))
        case _:
            sys.exit(__doc__)
