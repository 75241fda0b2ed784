"""How each version of the API of Clio Grow is addressed."""

from sources.clio_http.api import Api
from sources.clio_http.retry import Policy

from .settings import BACK_OFF, REQUESTS_A_SECOND, VERSIONS

APIS = {
    name: Api(
        "clio_grow",
        version.hosts,
        headers=version.headers,
        policy=Policy(waits=BACK_OFF),
        a_second=REQUESTS_A_SECOND,
        bare=version.bare,
        version=name,
    )
    for name, version in VERSIONS.items()
}
