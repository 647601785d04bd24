"""The way of a device's data, for whoever runs the site."""

from pollux.show.api import seen
from pollux.show.asks import NoQuery
from pollux.show.compose.tracing import trace
from pollux.show.documents.tracing import Trace
from pollux.show.problems import absent
from pollux.show.routes import Call


def read_trace(call: Call[NoQuery, None]) -> Trace:
    """Every step from the device to its twins; of persons it is noted who looked."""
    fact = call.tenancy.tracing.of(call.path["device"])
    if fact is None:
        raise absent()
    persons = [one.twin for one in fact.twins if one.personal]
    seen.noted([call.tenancy.audit.looked(call.identity, twin) for twin in persons])
    return trace(fact, call.now)
