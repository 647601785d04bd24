"""The table of routes: everything that may be asked over HTTP, in the order of the documentation."""

from typing import Any, Final

from pollux.act import Plan
from pollux.show import asks
from pollux.show.api import acting, alarms, fleet, past, quality, sensitivity, session, site, tracing, twins, whatif
from pollux.show.documents import acting as acting_out
from pollux.show.documents import alarms as alarms_out
from pollux.show.documents import fleet as fleet_out
from pollux.show.documents import mathematics as mathematics_out
from pollux.show.documents import past as past_out
from pollux.show.documents import quality as quality_out
from pollux.show.documents import sensitivity as sensitivity_out
from pollux.show.documents import site as site_out
from pollux.show.documents import tracing as tracing_out
from pollux.show.documents import twins as twins_out
from pollux.show.documents import whatif as whatif_out
from pollux.show.documents.common import Reference
from pollux.show.routes import SEES_TWIN, Right, Route

TW: Final = "/twins/{type}/{id}"

TWINS: Final = (
    Route("GET", "/twins", "The twins that may be seen, worst first", twins.read_list, None,
          query=asks.TwinsQuery, answers={200: twins_out.TwinList}, slow=True),
    Route("GET", TW, "A twin with every value, now or in the past", twins.read_state, SEES_TWIN,
          query=asks.StateQuery, answers={200: twins_out.State}, slow=True),
    Route("PUT", TW, "Make a twin, or replace its facts and parameters", twins.put_twin,
          Right("write", "{type}/{id}/*"), body=(asks.TwinBody,), answers={200: Reference, 201: Reference},
          offer="edit", slow=True),
    Route("PATCH", TW, "Change facts and parameters of a twin", twins.patch_twin,
          Right("write", "{type}/{id}", any_field=True), body=(asks.TwinPatch,), answers={204: None},
          offer="edit", slow=True),
    Route("DELETE", TW, "Remove a twin; its history stays", twins.delete_twin,
          Right("admin", "{type}/{id}/*"), answers={204: None}, offer="edit", slow=True),
    Route("GET", TW + "/view", "How a twin is presented", twins.read_view, SEES_TWIN,
          query=asks.AtQuery, answers={200: twins_out.View}, slow=True),
    Route("GET", TW + "/mathematics", "The equations of the twin's class, as MathML", twins.read_mathematics,
          Right("read", "{type}/{id}/*"), answers={200: mathematics_out.MathematicsPage}, slow=True),
    Route("GET", TW + "/scene.glb", "The twin's model in three dimensions", twins.read_scene, SEES_TWIN,
          query=asks.SceneQuery, answers={200: bytes}, media="model/gltf-binary", slow=True),
)  # fmt: skip

PAST: Final = (
    Route("GET", TW + "/history", "Series of a twin between two moments", past.read_history, SEES_TWIN,
          query=asks.HistoryQuery, answers={200: past_out.History}, tag="history", offer="history", slow=True),
    Route("GET", TW + "/marks", "Alarms and orders on the time bar", past.read_marks, SEES_TWIN,
          query=asks.MarksQuery, answers={200: past_out.Marks}, tag="history", slow=True),
    Route("GET", TW + "/cycle", "One whole turn of the twin's cycle, as a binary frame", past.read_cycle, SEES_TWIN,
          query=asks.CycleQuery, answers={200: bytes}, media="application/octet-stream", tag="history", slow=True),
)  # fmt: skip

ALARMS: Final = (
    Route("GET", "/alarms", "The open alarms", alarms.read_alarms, None,
          query=asks.AlarmsQuery, answers={200: alarms_out.AlarmList}, tag="alarms", slow=True),
    Route("POST", "/alarms/{alarm}/ack", "Acknowledge an alarm, with a reason", alarms.acknowledge, None,
          body=(asks.Reason,), answers={200: alarms_out.AlarmRow}, tag="alarms", slow=True),
    Route("POST", "/alarms/{alarm}/shelve", "Put an alarm out of sight for a while", alarms.shelve, None,
          body=(asks.Shelve,), answers={200: alarms_out.AlarmRow}, tag="alarms", slow=True),
    Route("GET", TW + "/scores", "Scores of a twin, with what they lack", alarms.read_scores, SEES_TWIN,
          query=asks.AtQuery, answers={200: alarms_out.ScoreList}, tag="alarms", slow=True),
    Route("GET", TW + "/refusals", "Why data do not arrive", alarms.read_refusals, SEES_TWIN,
          query=asks.AtQuery, answers={200: alarms_out.Reception | None}, tag="alarms", slow=True),
    Route("GET", TW + "/quality", "How well the twin's device measures", quality.read_quality, SEES_TWIN,
          query=asks.AtQuery, answers={200: quality_out.DeviceQuality}, tag="alarms", slow=True),
    Route("GET", "/devices/{device}/trace", "Why the data of a device do or do not arrive", tracing.read_trace,
          Right("admin", "*"), answers={200: tracing_out.Trace}, tag="alarms", slow=True),
    Route("GET", "/refusals", "What was refused of all senders", alarms.read_lost, Right("admin", "*"),
          query=asks.LostQuery, answers={200: alarms_out.Lost}, tag="alarms", slow=True),
)  # fmt: skip

WHATIF: Final = (
    Route("GET", TW + "/forks", "The forks of a twin", whatif.read_forks, SEES_TWIN,
          query=asks.AtQuery, answers={200: whatif_out.ForkList}, tag="what-if", offer="forks", slow=True),
    Route("POST", TW + "/forks", "Fork a twin; with choices a run starts at once", whatif.make_fork,
          Right("propose", "{type}/{id}/forks"), body=(asks.ForkAsk,), answers={201: Reference, 202: Reference},
          tag="what-if", offer="forks", slow=True),
    Route("POST", "/forks/{fork}/run", "Run a fork ahead", whatif.run_fork, None,
          body=(asks.RunAsk,), answers={202: Reference}, tag="what-if", offer="forks", slow=True),
    Route("GET", "/forks/{fork}", "A fork with what its run has shown so far", whatif.read_fork, None,
          answers={200: whatif_out.Fork}, tag="what-if", offer="forks", slow=True),
    Route("DELETE", "/forks/{fork}", "Forget a fork, and stop its run", whatif.drop_fork, None,
          answers={204: None}, tag="what-if", offer="forks", slow=True),
    Route("POST", "/forks/{fork}/sensitivity", "Ask which uncertain thing decides an outcome", sensitivity.ask, None,
          body=(asks.SensitivityAsk,), answers={202: Reference}, tag="what-if", offer="forks", slow=True),
    Route("GET", "/forks/{fork}/sensitivity", "Which uncertain thing decides, as far as it is known",
          sensitivity.read, None, answers={200: sensitivity_out.Sensitivity}, tag="what-if", offer="forks", slow=True),
    Route("DELETE", "/forks/{fork}/sensitivity", "Stop finding out what decides, and forget it",
          sensitivity.drop, None, answers={204: None}, tag="what-if", offer="forks", slow=True),
    Route("GET", TW + "/advice", "The recommendations for a twin", whatif.read_cards, SEES_TWIN,
          query=asks.AtQuery, answers={200: whatif_out.CardList}, tag="what-if", offer="advice", slow=True),
    Route("POST", TW + "/advice", "Ask what to do", whatif.ask_advice,
          Right("propose", "{type}/{id}/advice"), body=(asks.AdviceAsk,), answers={202: Reference},
          tag="what-if", offer="advice", slow=True),
    Route("GET", TW + "/advice/{card}", "One recommendation", whatif.read_card, SEES_TWIN,
          answers={200: whatif_out.Card, 202: whatif_out.Card}, tag="what-if", offer="advice", slow=True),
    Route("POST", TW + "/advice/{card}/decline", "Put a recommendation aside", whatif.decline,
          Right("propose", "{type}/{id}/advice"), body=(asks.Reason,), answers={204: None},
          tag="what-if", offer="advice", slow=True),
)  # fmt: skip

ACTING: Final = (
    Route("GET", TW + "/commands", "The orders of a twin", acting.read_orders, SEES_TWIN,
          query=asks.AtQuery, answers={200: acting_out.OrderList}, tag="orders", offer="orders", slow=True),
    Route("GET", TW + "/commands/{order}", "One order with its life so far", acting.read_order, SEES_TWIN,
          answers={200: acting_out.OrderRow}, tag="orders", offer="orders", slow=True),
    Route("POST", TW + "/checks", "What acting on a recommendation would do, and whether it may", acting.check,
          Right("propose", "{type}/{id}/advice"), body=(asks.CheckAsk,), answers={200: acting_out.Check},
          tag="orders", offer="acting", slow=True),
    Route("POST", TW + "/commands", "Propose an order, or sign the one that was checked", acting.command, SEES_TWIN,
          body=(asks.SignAsk, asks.CommandAsk), answers={200: acting_out.OrderRow, 202: acting_out.OrderRow},
          tag="orders", offer="acting", slow=True),
    Route("POST", TW + "/commands/{order}/approve", "Sign an order", acting.approve,
          Right("approve", "{type}/{id}/commands"), body=(asks.Approval,), answers={200: acting_out.OrderRow},
          tag="orders", offer="acting", slow=True),
    Route("GET", TW + "/plan", "What a person is to carry out, for the person's app", acting.read_plan,
          Right("subscribe", "{type}/{id}/plan"), answers={200: Plan}, tag="orders", offer="acting", slow=True),
    Route("POST", TW + "/commands/{order}/ack", "What a person's app says of a change: read, taken", acting.told,
          Right("publish", "{type}/{id}/plan-ack"), body=(asks.AckAsk,), answers={200: Plan},
          tag="orders", offer="acting", slow=True),
    Route("POST", TW + "/commands/{order}/cancel", "Take an order back", acting.cancel, SEES_TWIN,
          body=(asks.Reason,), answers={200: acting_out.OrderRow}, tag="orders", offer="acting", slow=True),
)  # fmt: skip

FLEET: Final = (
    Route("GET", "/fleets/{type}", "All twins of a type as a field of cells", fleet.read_fleet, None,
          query=asks.AtQuery, answers={200: fleet_out.Fleet}, tag="fleet", slow=True),
    Route("GET", "/wall", "A wall: codes, states and alarms, and no names", fleet.read_wall, None,
          query=asks.WallQuery, answers={200: fleet_out.Wall}, tag="fleet", slow=True),
)  # fmt: skip

SITE: Final = (
    Route("GET", "/session", "Who is signed in", session.read_session, None,
          answers={200: site_out.Session}, tag="site"),
    Route("GET", "/models", "The twin types, as DTDL", site.read_models, Right("read", "*"),
          answers={200: site_out.TypeModels}, tag="site", offer="models"),
    Route("GET", "/audit", "Who did and saw what", site.read_audit, Right("admin", "*"),
          query=asks.AuditQuery, answers={200: site_out.AuditTrail}, tag="site", slow=True),
    Route("GET", "/subjects/{subject}/export", "Everything that is held about a person", site.export_subject,
          Right("admin", "*"), answers={200: dict[str, Any]}, tag="site", offer="subjects", slow=True),
    Route("DELETE", "/subjects/{subject}", "Erase a person", site.erase_subject,
          Right("admin", "*"), answers={204: None}, tag="site", offer="subjects", slow=True),
)  # fmt: skip

TABLE: Final[tuple[Route, ...]] = (*TWINS, *PAST, *ALARMS, *WHATIF, *ACTING, *FLEET, *SITE)
