"""Which requests are meant for this machine: a web page can have a name lead here (DNS rebinding)."""

import ipaddress
import re

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]@/]+)(?P<port>:[0-9]{1,5})?")


def is_this_machine(host: str) -> bool:
    """Whether a Host header may be that of a client on this machine: an address, `localhost`, or none.

    A page that has its own name lead to this machine sends that name. It cannot send an address, and names
    below `localhost` lead nowhere else (RFC 6761).
    """
    if not host:
        # Clients of HTTP/1.0 send none; browsers always do.
        return True
    if not (match := _HOST.fullmatch(host)):
        return False
    name = match["name"].strip("[]").lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
