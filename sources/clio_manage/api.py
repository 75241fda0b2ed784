"""How the API of Clio Manage is addressed."""

from sources.clio_http.api import Api

from .settings import API_PATH, API_VERSION, HOSTS

API = Api("clio_manage", HOSTS, API_PATH, ".json", {"X-API-VERSION": API_VERSION})
