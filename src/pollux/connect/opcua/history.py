"""The gap of an outage, read from the server's history: every value once, by its source time, before the live ones."""

import logging
from collections.abc import AsyncIterator
from typing import Any, Final, final

from pollux.connect.opcua.points import Point
from pollux.connect.opcua.stack import DataValue, Session, StatusError, ua
from pollux.connect.opcua.values import moment_of, time_of

_LOG = logging.getLogger("pollux.connect.opcua")
PAGE: Final = 1_000
MOST_PAGES: Final = 10_000
"""Pages of one node after which a server is taken to have no end of them."""


@final
class NoHistory(Exception):
    """The server keeps none of a node, or does not let us read it."""


async def history(session: Session, point: Point, since: int, until: int) -> AsyncIterator[list[DataValue]]:
    """The raw values of a node from `since` to `until`, in pages and in their order (Part 11, 6.4.3).

    Some servers cut a full page off without a point to go on from: the next one then begins at the last time of it, so
    that values of that moment come twice. Raises NoHistory where there is none to read.
    """
    at: bytes | None = None
    for _ in range(MOST_PAGES):
        result = await _page(session, point, _details(since, until), at)
        if not result.StatusCode.is_good():
            raise NoHistory(result.StatusCode.name)
        told = result.HistoryData.DataValues if isinstance(result.HistoryData, ua.HistoryData) else None
        values: list[DataValue] = list(told or ())
        yield values
        if result.ContinuationPoint and result.ContinuationPoint != at:
            at = result.ContinuationPoint
            continue
        last = time_of(values[-1]) if len(values) >= PAGE else None
        if result.ContinuationPoint or last is None or last <= since:
            return
        at, since = None, last
    raise NoHistory("a history without end")


def _details(since: int, until: int) -> Any:
    return ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=moment_of(since),
        EndTime=moment_of(until),
        NumValuesPerNode=ua.UInt32(PAGE),
        ReturnBounds=False,
    )


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
