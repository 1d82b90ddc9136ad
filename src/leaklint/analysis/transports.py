"""Transports that are left to their protocol, whose `connection_made` is given them.

Who makes a connection for a protocol that somebody has already leaves the transport to that one, unless he releases it
himself or keeps it; for a protocol that is made with something of somebody's, unless he uses the transport himself. What
protocols do with their transports, nobody knows.
"""

import ast

from leaklint.analysis.callee import is_class_name
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.record import History
from leaklint.analysis.values import Site


def is_left_to_protocol(site: Site, history: History) -> bool:
    """Say whether a transport is its protocol's to release, as far as the call tells that makes it."""
    factory = _factory(site)
    if factory is None or history.releases or history.fields:
        return False
    is_used = bool(history.uses or history.moves or history.returns)
    return has_held_protocol(site) or (not is_used and _knows_somebody(factory))


def has_held_protocol(site: Site) -> bool:
    """Say whether somebody has the protocol of a transport: it gives itself, or somebody else's function gives it."""
    match _factory(site):
        case None:
            return False
        case ast.Lambda(body=ast.Call(func=made)) | made:
            return not is_class_name(terminal(made))


def _factory(site: Site) -> ast.expr | None:
    """Give what makes the protocol of a transport."""
    call, name = site.node, site.resource.name
    is_transport = name.startswith("asyncio.") and name.endswith("Transport")
    if not is_transport or not isinstance(call, ast.Call) or terminal(call) == "start_tls":  # which tells its protocol nothing
        return None
    given = [*call.args[:1], *(one.value for one in call.keywords if one.arg == "protocol_factory")]
    return given[0] if given else None


def _knows_somebody(factory: ast.expr) -> bool:
    """Say whether a protocol is made with anything of those around: `lambda: Protocol(self)`."""
    names = [one for one in walk(factory) if isinstance(one, ast.Name)]
    return isinstance(factory, ast.Lambda) and any(not is_class_name(one.id) for one in names)
