"""Modbus: polls devices over TCP, RTU and RTU over TCP, and writes the actuators that are declared and mapped."""
