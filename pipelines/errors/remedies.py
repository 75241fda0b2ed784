"""What mends what a run could not do, by the code of its error: one table for all that tell of it.

`meta` keeps an error as its code and its message. A person is told the message, and what to do.
"""

MANAGE = "clio_manage"
MISSING_SCOPE = "{allow}; then get a new token, and {load}. If it never may be read: {off}"
NOT_OFFERED = "if this account does not offer it: {off}; else {load}"
LATER = "{load}, later"
SIGN_IN = "{login}, or set access_token of {source} to a valid token; then {all}"
SEE_ROWS = "see in Clio that this user may read the whole list; then {sweep}"
SEE_USER = "{sweep_user}, if this user sees all that the one before saw; else {login} as that one"
ADDRESS = "see whether the network asks for a sign-in, and whether region and base URL are right;"
ROOM = "free disk space if it is short; then {load}"
FAULT = "install a newer clio-sync, where there is one, else report the message; then {load}"
KEPT_OUT = "clio-sync quarantine list; then correct it in Clio, and clio-sync quarantine retry"

REMEDIES = {
    "missing_scope": MISSING_SCOPE,
    "collection_gone": NOT_OFFERED,
    "request_refused": f"install a newer clio-sync, where there is one; {NOT_OFFERED}",
    "parameter_refused": f"install a newer clio-sync, where there is one; {NOT_OFFERED}",
    "fields_refused": "{load}, which leaves the fields out",
    "not_passed_on": "load it without the gateway; or {off}",
    "redirect_refused": f"{ADDRESS} then {{load}}",
    "moved": f"{ADDRESS} then {{load}}",
    "foreign_host": f"{ADDRESS} then {{load}}",
    "untrusted_server": f"{ADDRESS} look at this machine's clock; then {{load}}",
    "version_retired": "install a newer clio-sync; then {all}",
    "sign_in_needed": SIGN_IN,
    "grant_refused": SIGN_IN,
    "token_store": "clio-sync doctor; then {all}",
    "unsafe_tokens": "clio-sync doctor; then {all}",
    "gateway_key": "set MATON_API_KEY to a valid key; then {all}",
    "gateway_connection": "clio-sync auth connections list; then {all}",
    "other_sign_in": "{all}",
    "other_account": "use a token of this warehouse's account: {login}",
    "other_user": SEE_USER,
    "other_eyes": SEE_USER,
    "hidden_rows": SEE_ROWS,
    "frozen": SEE_ROWS,
    "absent": SEE_ROWS,
    "undecided": "{sweep}; if it stays so, look at this user's permissions in Clio",
    "unequal": "clio-sync quarantine list; then {sweep}",
    "unread": "{full}; without it, it is asked for again by itself",
    "kept_out": KEPT_OUT,
    "type_changed": "clio-sync quarantine list; install a newer clio-sync; then {full}",
    "page_token_refused": "{load}",
    "broken_walk": "{load}",
    "unavailable": LATER,
    "unreachable": LATER,
    "hang": LATER,
    "silent": LATER,
    "answer_lost": LATER,
    "rate_limited": LATER,
    "unreadable_answer": LATER,
    "server_time": LATER,
    "interrupted": "{load}",
    "budget_spent": "{load}",
    "unforeseen": FAULT,
    "unexpected": FAULT,
    "load_failed": ROOM,
    "storage": ROOM,
    "disk_full": ROOM,
    "disk_broken": "clio-sync backup verify; move the data folder to another disk; then {all}",
    "warehouse": "clio-sync doctor",
    "read_only": "clio-sync doctor",
    "configuration": "clio-sync doctor",
}
"""By the code of an error: what a person does, with the commands of one collection put in."""
PERMISSION = {
    MANAGE: "add the permission to the application in Clio, or ask for a role that may see it",
    "clio_grow": "add the permission to the application, or ask for a role that may see it",
}


def parted(reason: str) -> tuple[str, str]:
    """Part a reason that `meta` keeps into its code, empty where it has none, and its words."""
    code, colon, words = reason.partition(": ")
    return (code, words) if colon and code in REMEDIES else ("", reason)


def remedy(code: str, source: str, resource: str, *, swept: bool = True) -> str:
    """Say what mends an error of one collection; of a code that is not known, loading again.

    With `swept` false the collection is one that no sweep reads, so that a load proves it.
    """
    load, full = command("load", source, resource), command("load", source, resource, "--full")
    return REMEDIES.get(code, "{load}").format(
        source=source,
        allow=PERMISSION[source],
        off=f"name it in sources.{source}.off",
        load=load,
        full=full,
        all=command("load", source),
        sweep=command("sweep", source, resource) if swept else full,
        sweep_user=command("sweep", source, "", "--accept-user"),
        login=command("auth login", source),
    )


def command(name: str, source: str, resource: str = "", options: str = "") -> str:
    """Return a command as it is typed for one product, or one collection of it."""
    product = "" if source == MANAGE else source.removeprefix("clio_")
    one = f"--resource {resource}" if resource else ""
    return " ".join(part for part in ("clio-sync", name, product, one, options) if part)
