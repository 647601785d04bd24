"""What may be asked besides the table of routes: its description, for the documentation and the entrance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from pollux.show.asks import NoQuery, SignIn, StreamQuery, TelemetryQuery, WatchQuery
from pollux.show.documents.site import Live, Ready
from pollux.show.metrics import MEDIA as METRICS_MEDIA
from pollux.show.parts import ENCODINGS, LISTED, NAMING, NDJSON, Accepted
from pollux.show.routes import API, JSON


@final
@dataclass(frozen=True, slots=True)
class Other:
    """A request that is answered outside the table; `open` to whoever asks."""

    method: str
    path: str
    summary: str
    tag: str
    answers: Mapping[int, Any]
    media: str = JSON
    query: type = NoQuery
    body: type | None = None
    takes: tuple[str, ...] = ()
    open: bool = False


_TELEMETRY: Final = (*ENCODINGS, NDJSON)
_BATCH: Final = (*(media for media, one in ENCODINGS.items() if one in (*LISTED, *NAMING)), NDJSON)

OTHERS: Final = (
    Other("POST", f"{API}/telemetry", "Take in messages of several twins: 202 once they are durable", "telemetry",
          {202: Accepted}, query=TelemetryQuery, takes=_BATCH),
    Other("POST", f"{API}/twins/{{type}}/{{id}}/telemetry", "Take in messages of one twin: 202 once they are durable",
          "telemetry", {202: Accepted}, query=TelemetryQuery, takes=_TELEMETRY),
    Other("GET", f"{API}/telemetry", "WebSocket: each message a body of POST, counted back once it is durable",
          "telemetry", {101: None}, query=StreamQuery),
    Other("GET", f"{API}/twins/{{type}}/{{id}}/telemetry", "WebSocket: the same for one twin", "telemetry",
          {101: None}, query=StreamQuery),
    Other("POST", f"{API}/session", "Sign in: a cookie, for 12 hours", "site", {204: None}, body=SignIn,
          takes=(JSON,), open=True),
    Other("DELETE", f"{API}/session", "Sign out", "site", {204: None}),
    Other("GET", f"{API}/live", "WebSocket: subscribe, coalesced changes in binary frames", "live", {101: None}),
    Other("GET", f"{API}/live/events", "The live wire as server-sent events, each a frame in base64", "live",
          {200: str}, media="text/event-stream", query=WatchQuery),
    Other("GET", "/health/live", "Whether the process answers", "health", {200: Live}, open=True),
    Other("GET", "/health/ready", "Whether the site can serve; with a token, which promise is broken", "health",
          {200: Ready, 503: Ready}, open=True),
    Other("GET", "/metrics", "Figures for operators, in the text format of Prometheus", "health",
          {200: str}, media=METRICS_MEDIA),
    Other("GET", "/openapi.json", "This description", "site", {200: dict[str, Any]}),
    Other("GET", "/docs", "This description, to be read", "site", {200: str}, media="text/html"),
)  # fmt: skip

OPEN: Final = frozenset((other.method, other.path) for other in OTHERS if other.open)
