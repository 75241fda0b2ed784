"""What a request may be refused for, in the words and codes that Clio uses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a failure of this program
    """An answer other than 200: status, type and message of Clio's error body."""

    status: int
    type: str
    message: str


def invalid_fields(names: list[str]) -> Refusal:
    """Refuse fields that the record does not have."""
    quoted = ", ".join(f"'{name}'" for name in names)
    return Refusal(400, "InvalidFields", f"The following fields are not valid: {quoted}")


def argument(message: str) -> Refusal:
    """Refuse an argument that cannot be served."""
    return Refusal(422, "ArgumentError", message)


def bad_request(message: str) -> Refusal:
    """Refuse a request that is not well formed."""
    return Refusal(400, "ArgumentError", message)


def not_found() -> Refusal:
    """Refuse a record that is not there, or that the caller is not to know of."""
    return Refusal(404, "RecordNotFound", "The requested resource was not found")


def forbidden() -> Refusal:
    """Refuse a record that is there, and that the caller may not see."""
    return Refusal(403, "Forbidden", "You do not have permission to see this resource")
