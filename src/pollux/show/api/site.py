"""What belongs to the installation: audit, subjects, models, metrics, health."""

from pollux.show.api import seen
from pollux.show.asks import AuditQuery, NoQuery
from pollux.show.documents.site import AuditRow, AuditTrail, Live, Ready, TypeModels
from pollux.show.routes import Call, Reply, seconds


def read_audit(call: Call[AuditQuery, None]) -> AuditTrail:
    """Who did and saw what."""
    query = call.query
    found = call.tenancy.audit.entries(query.after, query.limit)
    rows = tuple(
        AuditRow(
            seq=entry.seq,
            t=seconds(entry.at),
            who=entry.who,
            what=entry.what,
            target=entry.target,
            reason=entry.reason or None,
            outcome=entry.outcome or None,
        )
        for entry in found[: query.limit]
    )
    return AuditTrail(entries=rows, next=rows[-1].seq if len(rows) == query.limit else None)


def export_subject(call: Call[NoQuery, None]) -> object:
    """Everything that is held about a person."""
    return dict(seen.offered(call.tenancy.subjects).export(call.path["subject"], who=call.identity))


def erase_subject(call: Call[NoQuery, None]) -> Reply:
    """Destroy the person's key, and with it everything held about them."""
    seen.offered(call.tenancy.subjects).erase(call.path["subject"], who=call.identity)
    return Reply(None, 204)


def read_models(call: Call[NoQuery, None]) -> TypeModels:
    """The twin types as DTDL."""
    return TypeModels(models=seen.offered(call.tenancy.models).dtdl())


def live() -> Live:
    """The process answers."""
    return Live()


def ready(call: seen.AnyCall) -> Reply:
    """Whether the site can serve, and which promises are broken."""
    broken = tuple(call.house.broken())
    return Reply(Ready(ready=not broken, broken=broken), 503 if broken else 200)
