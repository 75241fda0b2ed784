"""When so much is absent from a list that a person must decide. Decisions only."""

FEW = 20
SHARE = 0.01
SMALL_FEW = 4
SMALL_SHARE = 0.3


def too_many_absent(known: int, seen: int, absent: int, allowed: int | None = None) -> bool:
    """Tell whether so many absent rows are more likely lost sight of than deleted.

    That is more than 20 rows and more than 1 % of those known; an empty list where rows were
    known; and in a small table, where 20 would be most of it, more than 4 rows and 30 %.
    `allowed` is the number of absent rows that a person has looked into.
    """
    if not absent or (allowed is not None and absent <= allowed):
        return False
    if not seen:
        return True
    return absent > max(FEW, SHARE * known) or absent > max(SMALL_FEW, SMALL_SHARE * known)
