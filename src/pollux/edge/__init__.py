"""Beside the device: sample fast, check, summarise, keep raw, store and forward. `pollux edge` runs it."""

from pollux.edge.address import Address
from pollux.edge.agent import Agent, Standing
from pollux.edge.capture import Capture
from pollux.edge.declare import Edge, edge_in
from pollux.edge.samples import Samples
from pollux.edge.sources.every import every
from pollux.edge.sources.heard import heard
from pollux.edge.sources.polled import polled
from pollux.edge.sources.serial_line import serial_line
from pollux.edge.sources.source import AbstractSource, Need
from pollux.edge.sources.tail import tail
from pollux.edge.summary import Summary

__all__ = [
    "AbstractSource",
    "Address",
    "Agent",
    "Capture",
    "Edge",
    "Need",
    "Samples",
    "Standing",
    "Summary",
    "edge_in",
    "every",
    "heard",
    "polled",
    "serial_line",
    "tail",
]
