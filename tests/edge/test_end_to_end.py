"""From the sensor to the twin with a real site: through outages and kills, nothing lost, nothing doubled, in order."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import pollux as px
from pollux.cli import main
from pollux.errors import StorageError
from tests.connect.broker.mosquitto import mosquitto
from tests.doors.rig import until
from tests.edge.plant import Pump, agrees, counted, counting, free_port, ring_of, site, told_of
from tests.guard import handshake

HERE = Path(__file__).parent.parent.parent


def test_an_outage_in_the_middle_loses_and_doubles_nothing_and_keeps_the_order(tmp_path):
    """The site closes and opens again; what was sampled meanwhile comes then."""
    port = free_port()
    plant, pumps = site()
    with counted(port).open(tmp_path / "edge") as agent:
        with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
            assert until(lambda: agent.standing.sent >= 4)
        assert until(lambda: agent.standing.waiting >= 4)
        assert agent.standing.troubles
        with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
            assert until(lambda: agent.standing.sent >= 12 and not agent.standing.waiting)
            agent.close()
            assert agrees(pumps["P-7"], tmp_path / "edge") >= 12
            _, values = ring_of(tmp_path / "edge")
            assert values.tolist() == list(range(len(values)))


def test_over_tls_an_agent_is_whom_its_certificate_shows(tmp_path):
    """The site's own authority, a device's certificate, no password anywhere."""
    made = handshake.made(tmp_path)
    own = made.device("P-7")
    made.accounts.close()
    plant, pumps = site()
    with plant.open(made.data, tls=made.folder) as live:
        assert live.endpoint is not None
        edge = px.Edge(
            "P-7",
            to=f"mqtts://localhost:{live.endpoint.port}",
            certificate=own,
            key=own,
            authority=made.folder / "root.pem",
        )
        edge.read(
            Pump, "P-7", px.every("2 ms", counting()), px.Summary(Pump.vibration, count=Pump.samples), every="200 ms"
        )
        with edge.open(tmp_path / "edge") as agent:
            assert until(lambda: agent.standing.sent >= 3), agent.standing
            assert agent.standing.troubles == ()
        assert len(told_of(pumps["P-7"], Pump.samples)[0]) >= 3


def test_raw_samples_around_now_come_when_the_site_asks_for_them(tmp_path):
    """The order is done, and the twin's history has every sample that the ring has of the window."""
    port = free_port()
    plant, pumps = site()
    capture = px.Capture(before="300 ms", after="300 ms", command=Pump.capture)
    with (
        plant.open(tmp_path / "site", insecure=True, act=True, mqtt=f"127.0.0.1:{port}"),
        counted(port, capture=capture).open(tmp_path / "edge") as agent,
    ):
        assert until(lambda: agent.standing.sent >= 3)
        order = pumps["P-7"].ask(Pump.capture, reason="a look")
        assert until(lambda: order.state == "done")

        def raw():
            ends = told_of(pumps["P-7"], Pump.samples)[0].tolist()
            times, values = told_of(pumps["P-7"], Pump.vibration)
            apart = [time not in ends for time in times.tolist()]
            return times[apart], values[apart]

        assert until(lambda: len(raw()[0]) > 100)
        agent.close()
        times, values = raw()
        held, numbers = ring_of(tmp_path / "edge")
        inside = (held >= times[0]) & (held <= times[-1])
        ends = told_of(pumps["P-7"], Pump.samples)[0]
        inside &= ~np.isin(held, ends)
        assert held[inside].tolist() == times.tolist()
        assert numbers[inside].tolist() == values.tolist()
        assert times[-1] - times[0] > 500_000_000


def test_a_full_disk_budget_drops_the_oldest_and_the_next_message_says_how_many(tmp_path):
    """A long outage on a small disk: never more than it may take, the newest windows in order, the count with them."""
    port, budget = free_port(), 200_000
    plant, pumps = site()
    edge = px.Edge("P-7", to=f"mqtt://127.0.0.1:{port}", account="P-7", disk=f"{budget / 1000} kB")
    summary = px.Summary(Pump.vibration, count=Pump.samples)
    edge.read(Pump, "P-7", px.every("2 ms", counting()), summary, every="10 ms", raw="20 s", dropped=Pump.dropped)
    folder = tmp_path / "edge"
    with edge.open(folder) as agent:
        assert until(lambda: agent.standing.dropped > 20)
        dropped = agent.standing.dropped
        assert sum(one.stat().st_size for one in folder.rglob("*.*")) <= budget
        with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
            assert until(lambda: not agent.standing.waiting and agent.standing.sent)
            agent.close()
            ends, told = told_of(pumps["P-7"], Pump.dropped)
            assert told[-1] >= dropped
            assert (np.diff(told) >= 0).all()
            assert (np.diff(ends) > 0).all()
            windows = np.unique(ring_of(folder)[0] // 10_000_000 + 1) * 10_000_000
            missing = np.setdiff1d(windows[windows <= ends[-1]], ends)
            assert np.isin(ends, windows).all()
            assert 20 < len(missing) <= agent.standing.dropped


def test_it_tells_through_a_broker_that_is_already_there(tool, tmp_path):
    """Mosquitto between agent and site: each window once, in order."""
    with mosquitto(tool, tmp_path / "broker") as broker:
        plant = px.Site("plant")
        through = px.Broker(f"mqtt://127.0.0.1:{broker.port}")
        pumps = plant.fleet(Pump, px.mqtt("twins/Pump/{id}/telemetry", broker=through))
        with plant.open(tmp_path / "site", insecure=True), counted(broker.port).open(tmp_path / "edge") as agent:
            assert until(lambda: len(pumps) and len(told_of(pumps["P-7"], Pump.samples)[0]) >= 5)
            agent.close()
            assert agrees(pumps["P-7"], tmp_path / "edge") >= 5


def test_what_the_site_does_not_allow_waits_and_is_said(tmp_path):
    """A device that speaks for another twin loses nothing: its agent says why, and goes on trying."""
    port = free_port()
    plant, _ = site()
    edge = px.Edge("P-7", to=f"mqtt://127.0.0.1:{port}", account="P-7")
    edge.read(Pump, "P-8", px.every("2 ms", counting()), Pump.vibration, every="100 ms")
    with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"), edge.open(tmp_path / "edge") as agent:
        assert until(lambda: any("twins/Pump/P-8/telemetry" in one for one in agent.standing.troubles))
        assert until(lambda: agent.standing.waiting >= 3)
        assert (agent.standing.sent, agent.standing.refused) == (0, 0)


def test_a_disk_that_fails_ends_the_agent_with_an_error(tmp_path, monkeypatch):
    """Whoever waits for the agent is told; it does not go on as if its messages were safe."""

    def fail(*_: object, **__: object) -> int:
        raise StorageError("expected the disk to write, got: [Errno 5]", at="queue")

    agent = counted(free_port()).open(tmp_path / "edge")
    monkeypatch.setattr("pollux.edge.queue.Queue.put", fail)
    with pytest.raises(StorageError, match="expected the disk to write"):
        agent.wait(20)
    agent.close()


EDGE = """
import pollux as px

class Pump(px.Twin):
    vibration = px.sensor("m/s^2", low=-200, high=200)

edge = px.Edge("pump-7", to="mqtt://127.0.0.1:PORT", account="P-7")
edge.read(Pump, "P-7", px.every("2 ms", lambda: 1.0), Pump.vibration, every="200 ms")
"""


def test_the_command_line_runs_it_and_ends_cleanly_at_a_signal(tmp_path):
    """It says what it reads and where it tells, what troubles it, and how it stood in the end."""
    port = free_port()
    (tmp_path / "edge.py").write_text(EDGE.replace("PORT", str(port)))
    plant, pumps = site()
    words = [sys.executable, "-m", "pollux", "edge", str(tmp_path / "edge.py"), "--data", str(tmp_path / "data")]
    agent = subprocess.Popen(
        words, cwd=HERE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "src"}
    )
    with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
        assert until(lambda: len(pumps) and len(told_of(pumps["P-7"], Pump.vibration)[0]) >= 2)
        agent.send_signal(signal.SIGTERM)
        _, said = agent.communicate(timeout=20)
    assert agent.returncode == 0, said
    first, *_, last = said.splitlines()
    assert first == f"pump-7 reads Pump/P-7, tells mqtt://127.0.0.1:{port}"
    assert last.startswith("samples ")
    assert "dropped 0, refused 0" in last
    assert main(["edge", str(tmp_path / "none.py"), "--data", str(tmp_path / "data")]) == 1


AGENT = """
    import sys
    from pathlib import Path
    from tests.edge.plant import Pump, counted
    import pollux as px

    capture = px.Capture(Pump.vibration > 1e9, before="1 s", after="1 s")
    edge = counted(int(sys.argv[1]), base=float(sys.argv[2]), capture=capture)
    with edge.open(Path(sys.argv[3])) as agent:
        print("open", flush=True)
        agent.wait()
"""


def started(port: int, base: float, folder: Path) -> subprocess.Popen[str]:
    """An agent in a process of its own."""
    words = [sys.executable, "-c", textwrap.dedent(AGENT), str(port), str(base), str(folder)]
    agent = subprocess.Popen(
        words, cwd=HERE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "src:."}
    )
    assert agent.stdout is not None
    assert agent.stdout.readline() == "open\n"
    return agent


def test_a_killed_agent_loses_no_sample_that_it_had_taken(tmp_path):
    """Killed in the middle of windows, twice, once while the site is away: every window says what the ring holds."""
    port = free_port()
    plant, pumps = site()
    folder = tmp_path / "edge"

    def heard(base: float) -> bool:
        return bool(base <= told_of(pumps["P-7"], Pump.vibration_high)[1].max(initial=-1.0))

    with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
        agent = started(port, 0.0, folder)
        assert until(lambda: len(pumps) and heard(0.0))
        os.kill(agent.pid, signal.SIGKILL)
        agent.wait()
        held = len(ring_of(folder)[0])
        agent = started(port, 1e6, folder)
        assert until(lambda: heard(1e6))
    assert until(lambda: len(list((folder / "queue").glob("summary-*.q"))) and ring_of(folder)[1][-1] > 1e6 + 500)
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
        agent = started(port, 2e6, folder)
        assert until(lambda: heard(2e6))
        os.kill(agent.pid, signal.SIGTERM)
        agent.wait()
        assert agrees(pumps["P-7"], folder) > 3
    _, values = ring_of(folder)
    for base in (0.0, 1e6, 2e6):
        own = values[(values >= base) & (values < base + 1e6)]
        assert own.tolist() == [base + one for one in range(len(own))]
        assert len(own) >= (held if not base else 1)


@pytest.mark.soak
def test_fifty_kills_with_the_site_coming_and_going_change_nothing(tmp_path):
    """Whenever it is killed and whoever is there meanwhile: in the end every window says what the ring holds."""
    crash_loop(tmp_path, rounds=50, seed=11)


def crash_loop(tmp_path, *, rounds: int, seed: int) -> None:
    """Kill an agent at random moments, the site open in half of the rounds; then let it tell all it has."""
    port, luck, pause = free_port(), np.random.default_rng(seed), threading.Event()
    folder = tmp_path / "edge"
    plant, pumps = site()
    for number in range(rounds):
        here = plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}") if luck.random() < 0.5 else None
        with here or nullcontext():
            agent = started(port, number * 1e5, folder)
            pause.wait(float(luck.uniform(0.0, 1.5)))
            os.kill(agent.pid, signal.SIGKILL)
            agent.wait()
    with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
        agent = started(port, rounds * 1e5, folder)
        high = rounds * 1e5
        assert until(lambda: len(pumps) and told_of(pumps["P-7"], Pump.vibration_high)[1].max(initial=0.0) >= high)
        os.kill(agent.pid, signal.SIGTERM)
        agent.wait()
        assert agrees(pumps["P-7"], folder) > 1
