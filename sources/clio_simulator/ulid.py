"""ULIDs: 26 letters that begin with a moment, as Grow's `global_id`."""

from hashlib import blake2b

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _written(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(reversed(letters))


def ulid(moment: int, *of: object) -> str:
    """Give the identifier of something that began at a moment (milliseconds since 1970)."""
    digest = blake2b("/".join(map(str, of)).encode(), digest_size=10).digest()
    return _written(moment, 10) + _written(int.from_bytes(digest), 16)
