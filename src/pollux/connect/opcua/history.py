"""The gap of an outage, read from the server's history: every value once, by its source time, before the live ones."""

import logging
from collections.abc import AsyncIterator
from typing import Any, Final, final

from pollux.connect.opcua.points import Point
from pollux.connect.opcua.stack import DataValue, Session, StatusError, ua
from pollux.connect.opcua.values import moment_of

_LOG = logging.getLogger("pollux.connect.opcua")
PAGE: Final = 1_000


@final
class NoHistory(Exception):
    """The server keeps none of a node, or does not let us read it."""


async def history(session: Session, point: Point, since: int, until: int) -> AsyncIterator[list[DataValue]]:
    """The raw values of a node from `since` to `until`, in pages and in their order (Part 11, 6.4.3).

    Raises NoHistory where there is none to read.
    """
    details = ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=moment_of(since),
        EndTime=moment_of(until),
        NumValuesPerNode=ua.UInt32(PAGE),
        ReturnBounds=False,
    )
    at: bytes | None = None
    while True:
        result = await _page(session, point, details, at)
        if not result.StatusCode.is_good():
            raise NoHistory(result.StatusCode.name)
        values = result.HistoryData.DataValues if isinstance(result.HistoryData, ua.HistoryData) else None
        yield list(values or ())
        if not result.ContinuationPoint or result.ContinuationPoint == at:
            return
        at = result.ContinuationPoint


async def _page(session: Session, point: Point, details: Any, at: bytes | None) -> Any:
    wanted = ua.HistoryReadValueId(NodeId=point.node, IndexRange="", ContinuationPoint=at)
    parameters = ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        ReleaseContinuationPoints=False,
        NodesToRead=[wanted],
    )
    try:
        (result,) = await session.history_read(parameters)
    except StatusError as error:
        raise NoHistory(type(error).__name__) from None
    return result
