"""What a server does to text before it keeps it: blanks, Unicode form, e-mail case, phones."""

import unicodedata
from collections.abc import Callable
from typing import Any

EMAIL = ("address", "clio_connect_email")
PHONE = ("number",)


def _phone(text: str) -> str:
    """Keep the digits, and the plus before them."""
    plus = "+" if text.strip().startswith("+") else ""
    return plus + "".join(letter for letter in text if letter.isdigit())


def _email(text: str) -> str:
    return text.lower() if "@" in text else text


RULES: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    "trim": ((), str.strip),
    "nfc": ((), lambda text: unicodedata.normalize("NFC", text)),
    "email_case": (EMAIL, _email),
    "phone": (PHONE, _phone),
}
"""Name of a rule → the keys that it is for (none: all) and what it does."""


def normalised(value: Any, rules: set[str], key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Give a value of a body with these rules applied to every text inside it."""
    if isinstance(value, dict):
        return {name: normalised(inner, rules, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [normalised(inner, rules, key) for inner in value]
    if isinstance(value, str):
        for name, (keys, rule) in RULES.items():
            if name in rules and (not keys or key in keys):
                value = rule(value)
    return value
