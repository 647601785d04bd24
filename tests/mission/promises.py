"""What Pollux promises, row by row; a row without a test here can only say "not yet"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

State = Literal["works", "partly"]
Test = TypeVar("Test", bound=Callable[..., None])

AREAS = {
    "A": "Mirror",
    "B": "Connect",
    "C": "Keep and watch",
    "D": "Model the thing",
    "E": "Think",
    "F": "Act",
    "G": "Trust",
    "H": "Scale",
    "I": "Show",
    "J": "Money and life cycle",
    "K": "Worlds",
}

PROMISES = {
    "A1": "Twin types in Python with roles, units, parts, relations and commands, or from DTDL and back to it",
    "A2": "Numbers, flags, texts, choices, positions, vectors and waveforms arrive one by one or in batches",
    "A3": "The mirror follows within milliseconds, knows the age of each value and whether the device is online",
    "A4": "Twins relate to one another, feed one another, and values roll up along relations",
    "A5": "The whole past is kept: any moment can be asked for, any stretch replayed at any speed",
    "B1": "MQTT 3.1.1 and 5, any topic layout and payload, as endpoint and as client of a broker that is already there",
    "B2": "CoAP with observe and block-wise transfer",
    "B3": "HTTP and WebSocket ingestion, single and batch",
    "B4": "OPC UA both ways; Modbus, BACnet and Sparkplug B into twins, writing declared actuators only",
    "B5": "JSON, XML, CBOR, MessagePack, SenML, Sparkplug B and CSV lines",
    "B6": "An agent beside the device samples fast, summarises, and stores and forwards through an outage",
    "B7": "Kafka, Event Hubs, Kinesis, NATS and webhooks, in and out",
    "B8": "A survey of what is there and what it speaks, before anything is connected",
    "B9": "FHIR, HL7 v2, LOINC and UCUM at the wall of a hospital",
    "C1": "History in an open table format on disk, S3 or Azure Blob that any engine reads",
    "C2": "Windows, joins and patterns over live streams with late data, in Python and SQL",
    "C3": "Alarms with hysteresis, delay, severity, acknowledgement, shelving, escalation, and a watch on the watching",
    "C4": "Anomalies found on live streams",
    "C5": "Automations that pass the same limits as every command and can be tried on history first",
    "D1": "3D from glTF, STEP, IFC, STL and OBJ, with parts bound to live values",
    "D2": "Stress and heat on that geometry, reduced far enough to run live",
    "D3": "Differential-algebraic equations in Python, vectorised over fleets and ensembles",
    "D4": "FMUs of FMI 2 and 3 in, twins out as FMUs",
    "D5": "Discrete-event simulation of lines, queues and stores",
    "D6": "A live twin is forked, changed, run ahead with uncertainty, compared, kept or thrown away",
    "D7": "A design is tried in the twin with data of similar assets before it is built",
    "D8": "Operators train on the virtual asset with injected faults, and get a score",
    "E1": "Hidden states and their uncertainty are estimated from noisy, partial, late data",
    "E2": "Parameters are learnt from data, per asset and across the fleet",
    "E3": "Health, remaining life with intervals, chance of failure before a date",
    "E4": "Forecasts with calibrated intervals",
    "E5": "Suggestions with expected gain, risk and cost",
    "E6": "Control loops that write back within limits",
    "E7": "Predictions are kept and scored; a model that drifts says so",
    "E8": "Usage patterns and preferences across a consumer fleet",
    "E9": "A language model can ask, simulate and propose with its user's rights, never approve",
    "F1": "Commands with a life cycle, idempotent, within limits and interlocks",
    "F2": "A change is tried on the twin, then applied with its predicted effect, then verified",
    "G1": "TLS on every protocol, payload protection where a broker is not trusted",
    "G2": "Device identity from an own certificate authority, with rotation and revocation",
    "G3": "Access control down to one property of one twin; tenants kept apart",
    "G4": "An audit trail that shows tampering, and sealed history",
    "G5": "Personal data encrypted at rest, with consent, export, erasure and retention",
    "G6": "Sensors calibrated, values validated and cross-checked, a quality flag on each",
    "G7": "What is acknowledged survives kill, crash, power cut and a full disk; bad input gets a clear error",
    "G8": "A bill of materials with each release, advisories checked, every key can be rotated",
    "H1": "A million twins on one machine",
    "H2": "Beyond one machine on existing engines, with the same code",
    "H3": "Containers, health, metrics, traces",
    "I1": "A page one wants to look at: fleet, twin, live 3D, charts, alarms, what-if lab, money",
    "I2": "AR and VR with a machine's data floating over it",
    "I3": "At home in notebooks, Grafana, Excel and Parquet",
    "J1": "Cost and benefit with uncertainty: payback, net present value, what to equip first",
    "J2": "Savings measured against a baseline",
    "J3": "Tenants, quotas, metering",
    "J4": "Life cycle as designed, built, maintained, retired, with its carbon",
    "J5": "Supply chain and inventory with automatic restocking",
    "K1": "Healthcare: one heart patient, mirrored, forked, treated, checked",
    "K2": "Healthcare: a hospital",
    "K3": "Automotive: design, range, failures, fleets",
    "K4": "Manufacturing: a line with its bottleneck, machines, stock",
    "K5": "City: traffic, utilities, floods, bins",
    "K6": "Energy: grid, wind, sun, meters",
    "K7": "Homes and buildings: comfort, energy, locks",
    "K8": "Agriculture: yield and irrigation",
    "K9": "Environment: an ecosystem with early warning",
    "K10": "Education and entertainment: a workplace to train in, a venue with crowds",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A row, how far it is kept, what is missing, and the command that shows it."""

    row: str
    state: State
    command: str
    missing: str


SHOWN: list[Shown] = []


def shows(row: str, *, state: State, command: str, missing: str = "") -> Callable[[Test], Test]:
    """Say that the test below proves a row, wholly or in part."""
    if row not in PROMISES:
        raise KeyError(row)
    if (state == "partly") != bool(missing):
        raise ValueError(f"{row}: a row that is kept in part says what is missing, and only such a row")

    def keep(test: Test) -> Test:
        SHOWN.append(Shown(row, state, command, missing))
        return test

    return keep
