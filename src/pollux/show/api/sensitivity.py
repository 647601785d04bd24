"""Which uncertain thing decides an outcome of a fork: asked, looked at, stopped.

The answer names everything that is uncertain in a twin, so it is for whoever may read all of it.
"""

from msgspec import structs

from pollux.show.api import seen
from pollux.show.asks import NoQuery, SensitivityAsk
from pollux.show.compose.sensitivity import matters
from pollux.show.documents.common import Reference
from pollux.show.documents.sensitivity import Sensitivity
from pollux.show.documents.whatif import Fork
from pollux.show.facts import TwinType
from pollux.show.problems import absent
from pollux.show.routes import Call, Reply


def ask(call: Call[NoQuery, SensitivityAsk]) -> Reply:
    """Start to find out; look at it for the answer."""
    fork = _whole(call, seen.fork(call, "propose"))
    seen.offered(call.tenancy.sensitivities).ask(fork.id, call.body, who=call.identity)
    href = f"forks/{fork.id}/sensitivity"
    return Reply(Reference(id=fork.id, href=href), 202, ((b"location", f"/api/v1/{href}".encode()),))


def read(call: Call[NoQuery, None]) -> Sensitivity:
    """What is known so far."""
    fork = _whole(call, seen.fork(call, "read"))
    type_name, _, twin = fork.twin.partition("/")
    seen.looked(call, call.type_named(type_name), twin)
    return seen.offered(call.tenancy.sensitivities).find(fork.id)


def drop(call: Call[NoQuery, None]) -> Reply:
    """Stop it, and forget what was found."""
    seen.offered(call.tenancy.sensitivities).drop(_whole(call, seen.fork(call, "propose")).id)
    return Reply(None, 204)


def with_button(call: seen.AnyCall, fork: Fork, type_: TwinType) -> Fork:
    """A fork with the button that asks what matters in it, for whoever may press it."""
    if call.tenancy.sensitivities is None or type_.schema is None or fork.state in ("running", "failed"):
        return fork
    if not call.sight.may("propose", f"{fork.twin}/forks"):
        return fork
    groups = fork.table.groups if fork.table else ()
    compared = {row.signal for group in groups for row in group.rows if row.signal is not None}
    return structs.replace(fork, matters=matters(type_.schema, fork.id, compared))


def _whole(call: seen.AnyCall, fork: Fork) -> Fork:
    if not call.sight.may("read", f"{fork.twin}/*"):
        raise absent()
    return fork
