"""A hint to sign in names the product: what signs in to Manage does not sign in to Grow."""

import pytest

from pipelines.errors import TokenStoreError, UnsafeTokensError
from sources.clio_http.statuses import hints_for, of_product
from sources.errors import (
    ClioError,
    GatewayConnectionError,
    GatewayKeyError,
    GrantRefusedError,
    RequestRefusedError,
    SignInNeededError,
)
from tests.unit.http_loopback import Loopback, reply
from tests.unit.test_grow_edge import client

SIGN_INS = (SignInNeededError, GrantRefusedError, TokenStoreError, UnsafeTokensError)


@pytest.mark.parametrize("kind", SIGN_INS)
@pytest.mark.parametrize("product", ["grow", "manage"])
def test_a_sign_in_names_the_product(kind: type[ClioError], product: str) -> None:
    """Each time, also where it was named before; the setting is that of the product, too."""
    error = of_product(of_product(kind(), f"clio_{product}"), f"clio_{product}")
    assert error.hint.count("auth login") == error.hint.count(f"auth login {product}") == 1
    assert error.hint.count("auth logout") == error.hint.count(f"auth logout {product}")
    assert "access_token of the product" not in error.hint
    assert error.hint.count("ACCESS_TOKEN") == error.hint.count(
        f"SOURCES__CLIO_{product.upper()}__ACCESS_TOKEN"
    )


@pytest.mark.parametrize("kind", [GatewayKeyError, GatewayConnectionError])
def test_a_gateway_has_no_sign_in(kind: type[ClioError]) -> None:
    """Its hints stay as they are."""
    assert of_product(kind(), "clio_manage").hint == kind.hint


def test_settings_are_those_of_the_product() -> None:
    """A collection of Grow is switched off among the settings of Grow."""
    assert "sources.clio_grow.off" in of_product(RequestRefusedError(), "clio_grow").hint


def test_whatever_is_raised() -> None:
    """Errors on the way to a client, or while signing in, are told of the product, too."""
    with pytest.raises(TokenStoreError) as caught, hints_for("clio_grow"):
        raise TokenStoreError
    assert "SOURCES__CLIO_GROW__ACCESS_TOKEN" in caught.value.hint


def test_a_token_that_grow_refuses() -> None:
    """401 of Grow: the command that signs in to Grow."""
    with Loopback(lambda *_: reply(401, b"{}")) as server, client(server) as grow:
        with pytest.raises(SignInNeededError) as caught:
            grow.get("contacts")
        assert "clio-sync auth login grow" in caught.value.hint
