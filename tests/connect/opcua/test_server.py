"""Twins as OPC UA nodes: read and heard by a stock client that the gate knows, and hidden from whoever it does not."""

import asyncio
import contextlib
import random
import shutil
import struct

import pytest

import pollux as px
from pollux.clock import DAY, WallClock
from pollux.columns.field import Datum
from pollux.connect.opcua.server.limits import ServerLimits
from pollux.connect.opcua.server.shown import Target
from pollux.connect.opcua.stack import Client, ua, value_of
from pollux.connect.opcua.trust import Untrusted, fingerprint, usable
from pollux.connect.opcua.units import packed
from pollux.guard import Credential
from pollux.guard.records import Enrolled
from pollux.site.nodes import READ_ONLY, SiteShow
from tests.connect.field.paper import Paper
from tests.connect.opcua.authority import DER, PEM, Authority, self_signed
from tests.connect.opcua.hearing import until
from tests.connect.opcua.visiting import APPLICATION, CERTIFICATE, index_of, node, prepared, refusal, visiting


class Pump(px.Twin):
    """What is shown."""

    temp = px.sensor("degC", low=-50, high=200)
    mode = px.fact(["off", "full"])
    running = px.fact("flag")
    speed = px.actuator("rpm", low=0, high=3000, safe=0)


class Patient(px.Twin, personal=True):
    """A person, who is not."""

    weight = px.sensor("kg", low=20, high=300)


class House:
    """An open site with an OPC UA server and accounts."""

    def __init__(self, live, paper):
        self.live, self.paper = live, paper
        self.url = f"opc.tcp://127.0.0.1:{live.doors.opcua.port}"
        self.tokens = {}
        for name, roles, twins in (
            ("hmi", {"viewer"}, ["Pump/P-7"]),
            ("other", {"viewer"}, ["Pump/P-8"]),
            ("control", {"operator"}, ["Pump/*"]),
            ("all", {"administrator"}, ["*"]),
        ):
            live.accounts.add(name, kind="service", roles=roles, twins=twins)
            self.tokens[name] = live.accounts.issue(name).secret

    def visit(self, name, **more):
        """A client that signs in with the token of an account."""
        return visiting(self.url, name, self.tokens[name], **more)

    def tell(self, *data, twin="P-7"):
        self.paper.made[0].delivery.tell(twin, data)
        self.paper.made[0].delivery.flush()

    @property
    def counters(self):
        return self.live.doors.opcua.counters


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    paper, site = Paper(), px.Site("plant")
    site.fleet(Pump, paper)
    site.fleet(Patient, thing="patient")
    with site.open(tmp_path_factory.mktemp("opcua"), mqtt=None, act=True, opcua="127.0.0.1:0") as live:
        made = House(live, paper)
        for twin in ("P-7", "P-8"):
            made.tell(Datum("temp", 21.0), Datum("mode", "full"), Datum("running", True), twin=twin)
        live.rooms.editor.tell("Patient", "anna", {})
        until(lambda: set(_shown(live)) == {("Pump", "P-7"), ("Pump", "P-8")})
        yield made


def _shown(live):
    space = live.doors.opcua._house.space
    return {} if space is None else space._known


def visited(coroutine):
    """Run what a client does."""
    return asyncio.run(asyncio.wait_for(coroutine, 30))


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes256Sha256RsaPss"])
def test_a_twin_is_read_with_unit_status_and_time(house, policy):
    """In the declared unit; what was never told waits for its first value."""

    async def visit():
        async with house.visit("hmi", policy=policy) as client:
            index = await index_of(client)
            temp = node(client, index, "Pump/P-7/temp")
            told = await temp.read_data_value()
            unit = await (await temp.get_child("0:EngineeringUnits")).read_value()
            mode = await node(client, index, "Pump/P-7/mode").read_value()
            running = await node(client, index, "Pump/P-7/running").read_value()
            speed = await node(client, index, "Pump/P-7/speed").read_data_value(raise_on_bad_status=False)
            return told, unit, mode, running, speed

    told, unit, mode, running, speed = visited(visit())
    assert (told.Value.Value, told.StatusCode.value) == (pytest.approx(21.0), 0)
    assert told.SourceTimestamp is not None
    assert (unit.UnitId, unit.DisplayName.Text) == (packed("CEL"), "degC")
    assert (mode, running) == ("full", True)
    assert (speed.StatusCode.name, value_of(speed)) == ("BadWaitingForInitialData", None)


def test_a_subscription_hears_values_and_what_they_are_worth(house):
    """A change within a turn; a reading set aside leaves the last usable value, with that status."""
    heard = []

    class Listener:
        def datachange_notification(self, node, value, data):
            heard.append((value, data.monitored_item.Value.StatusCode.name))

    async def visit():
        async with house.visit("hmi") as client:
            index = await index_of(client)
            subscription = await client.create_subscription(100, Listener())
            await subscription.subscribe_data_change(node(client, index, "Pump/P-7/temp"))
            for data, count in (((), 1), ((Datum("temp", 30.0),), 2), ((Datum("temp", None, None, 0x808C0000),), 3)):
                if data:
                    house.tell(*data)
                for _ in range(100):
                    if len(heard) >= count:
                        break
                    await asyncio.sleep(0.05)

    visited(visit())
    assert [round(value, 6) for value, _ in heard[1:]] == [30.0, 30.0]
    assert [status for _, status in heard[1:]] == ["Good", "UncertainSensorNotAccurate"]
    house.tell(Datum("temp", 21.0))


# -- who comes in -----------------------------------------------------------------------------------------------------


def test_nobody_comes_in_without_a_name_or_with_a_wrong_token(house):
    """Anonymous is not offered, and a guess is refused."""

    async def visit(**more):
        async with visiting(house.url, **more):
            pass

    for more in ({}, {"name": "hmi", "secret": "guess"}, {"name": "nobody", "secret": house.tokens["hmi"]}):
        with pytest.raises((refusal("UaStatusCodeError"), ua.UaError)):
            visited(visit(**more))
    assert house.live.doors.opcua.present == []


def test_a_channel_without_security_shows_how_to_come_in_and_no_more(house):
    """Endpoints are told, all of them signed and encrypted; a session is refused, whatever it shows."""

    async def endpoints():
        return await Client(house.url).connect_and_get_server_endpoints()

    found = visited(endpoints())
    assert found
    assert {one.SecurityMode.name for one in found} == {"SignAndEncrypt"}
    assert {token.TokenType.name for one in found for token in one.UserIdentityTokens} == {"UserName", "Certificate"}

    async def come_in():
        client = Client(house.url)
        client.set_user("hmi")
        client.set_password(house.tokens["hmi"])
        await client.connect_socket()
        try:
            await client.send_hello()
            await client.open_secure_channel()
            with pytest.raises(refusal("BadSecurityModeRejected")):
                await client.create_session()
            with pytest.raises(refusal("BadSecurityModeRejected")):
                await client.uaclient.register_server(ua.RegisteredServer(ServerNames=[ua.LocalizedText("x")]))
        finally:
            client.disconnect_socket()

    before = house.counters["refused_channels"]
    visited(come_in())
    assert house.counters["refused_channels"] == before + 2


def test_a_certificate_opens_the_door_that_its_record_names(house):
    """An enrolled one comes in as its account; an unknown one and a revoked one do not."""
    certificate, key = self_signed("Panel", "urn:panel")
    now = WallClock().now()

    async def visit():
        async with visiting(house.url, user=(certificate, key)) as client:
            index = await index_of(client)
            return await node(client, index, "Pump/P-7/temp").read_value()

    with pytest.raises(refusal("BadUserAccessDenied")):
        visited(visit())
    mark, accounts = bytes.fromhex(fingerprint(certificate)), house.live.accounts
    accounts.certificates.add(Enrolled(mark, certificate.serial_number, "", "hmi", now, now - DAY, now + DAY, None))
    assert visited(visit()) == pytest.approx(21.0)
    accounts.certificates.end(accounts.certificates.of("hmi"), now)
    with pytest.raises(refusal("BadUserAccessDenied")):
        visited(visit())


@pytest.mark.parametrize("span", [(-9, -1), (1, 9)], ids=["expired", "early"])
def test_an_application_whose_certificate_is_not_of_its_time_is_refused(house, span):
    """Whatever token it has."""
    application = Authority().issue("Old", APPLICATION, start=span[0], end=span[1])

    async def visit():
        async with house.visit("hmi", application=application):
            pass

    with pytest.raises(refusal("BadCertificateInvalid")):
        visited(visit())


def test_an_application_whose_key_is_too_short_is_refused():
    """Before any policy is spoken."""
    certificate, _ = self_signed("Old", APPLICATION, bits=1024)
    with pytest.raises(Untrusted, match="2048 bits"):
        usable(certificate, WallClock().now())


def test_where_applications_are_named_no_other_one_may_come(house):
    """A folder of certificates narrows the door, while it is open; each refusal tells the fingerprint to add."""
    folder = house.live.options.folder / "field" / "opcua" / "trusted"

    async def visit():
        async with house.visit("hmi"):
            return True

    folder.mkdir()
    try:
        (folder / "other.der").write_bytes(self_signed("Other", APPLICATION)[0].public_bytes(DER))
        with pytest.raises(refusal("BadCertificateInvalid")):
            visited(visit())
        (folder / "client.pem").write_bytes(CERTIFICATE.public_bytes(PEM))
        assert visited(visit())
        (folder / "broken.pem").write_text("hello")
        with pytest.raises(refusal("BadCertificateInvalid")):
            visited(visit())
    finally:
        shutil.rmtree(folder)


def test_the_certificate_of_another_application_proves_nothing(house):
    """Who opens a channel with one certificate cannot begin a session with the one of somebody else."""
    other, _ = self_signed("Other", APPLICATION)

    async def visit():
        client = await prepared(house.url)
        client.set_user("hmi")
        client.set_password(house.tokens["hmi"])
        await client.connect_socket()
        try:
            await client.send_hello()
            await client.open_secure_channel()
            client.security_policy.host_certificate = other.public_bytes(DER)
            with pytest.raises(refusal("BadCertificateInvalid")):
                await client.create_session()
        finally:
            client.disconnect_socket()

    visited(visit())


def test_the_password_of_a_person_is_not_taken_here(house):
    """It takes a while to be looked at, and all others would wait: people come in with a certificate."""
    house.live.accounts.add("ann", kind="person", roles={"viewer"}, twins=["Pump/P-7"])
    house.live.accounts.set_password("ann", "correct horse battery staple")

    async def visit():
        async with visiting(house.url, "ann", "correct horse battery staple"):
            pass

    with pytest.raises(refusal("BadUserAccessDenied")):
        visited(visit())


def test_whoever_is_revoked_is_out_within_seconds(house):
    """A live session ends, and its token opens nothing any more."""
    live = house.live
    live.accounts.add("guest", kind="service", roles={"viewer"}, twins=["Pump/P-7"])
    token = live.accounts.issue("guest")

    async def visit():
        async with visiting(house.url, "guest", token.secret) as client:
            temp = node(client, await index_of(client), "Pump/P-7/temp")
            assert await temp.read_value() == pytest.approx(21.0)
            live.accounts.revoke(token.id)
            for _ in range(100):
                if "guest" not in live.doors.opcua.present:
                    break
                await asyncio.sleep(0.05)
            with pytest.raises((refusal("UaStatusCodeError"), ua.UaError, ConnectionError, asyncio.TimeoutError)):
                await temp.read_value()

    visited(visit())
    assert "guest" not in live.doors.opcua.present
    assert house.counters["ended"] >= 1


# -- who sees what ----------------------------------------------------------------------------------------------------


def test_what_an_identity_may_not_see_is_not_there(house):
    """By browsing, by reading, by path and by monitoring: the same answer as for what does not exist."""

    async def visit():
        async with house.visit("hmi") as client:
            index = await index_of(client)
            pumps = node(client, index, "Pump")
            assert [one.nodeid.Identifier for one in await pumps.get_children()] == ["Pump/P-7"]
            for hidden in ("Pump/P-8/temp", "Pump/P-99/temp", "Patient/anna/weight"):
                with pytest.raises(refusal("BadNodeIdUnknown")):
                    await node(client, index, hidden).read_value()
                with pytest.raises(refusal("BadNodeIdUnknown")):
                    await (await client.create_subscription(500, None)).subscribe_data_change(
                        node(client, index, hidden)
                    )
            for hidden in ("Pump/P-8", "Patient", "Pump/P-99"):
                ((_, result),) = await client.browse_nodes([node(client, index, hidden)])
                assert (result.StatusCode.name, result.References) == ("BadNodeIdUnknown", [])
            with pytest.raises(refusal("BadNoMatch")):
                await pumps.get_child(f"{index}:P-8")
            with pytest.raises(refusal("BadNodeIdUnknown")):
                await node(client, index, "Pump/P-8/temp#EngineeringUnits").read_value()

    visited(visit())


def test_persons_are_shown_to_nobody(house):
    """Not even to an administrator: who looks at them is written down, which is not done here."""

    async def visit():
        async with house.visit("all") as client:
            index = await index_of(client)
            names = [one.nodeid.Identifier for one in await client.nodes.objects.get_children()]
            assert "Pump" in names
            assert "Patient" not in names
            with pytest.raises(refusal("BadNodeIdUnknown")):
                await node(client, index, "Patient/anna/weight").read_value()

    visited(visit())


def test_the_subscriptions_of_others_are_out_of_reach(house):
    """Nobody ends, changes, repeats or takes over what another one has asked for."""

    async def visit():
        async with house.visit("hmi") as victim, house.visit("other") as thief:
            subscription = await victim.create_subscription(500, None)
            number = subscription.subscription_id
            session = thief.uaclient.session
            with pytest.raises(refusal("BadSubscriptionIdInvalid")):
                await thief.delete_subscriptions([number])
            with pytest.raises(refusal("BadSubscriptionIdInvalid")):
                await session.update_subscription(ua.ModifySubscriptionParameters(SubscriptionId=number))
            with pytest.raises(refusal("BadSubscriptionIdInvalid")):
                await session.republish(number, 1)
            with pytest.raises(refusal("BadServiceUnsupported")):
                await session.transfer_subscriptions(ua.TransferSubscriptionsParameters(SubscriptionIds=[number]))
            items = ua.CreateMonitoredItemsParameters(SubscriptionId=number)
            with pytest.raises(refusal("BadSubscriptionIdInvalid")):
                await session.create_monitored_items(items)

    visited(visit())


def test_a_session_cannot_be_taken_over_by_its_number(house):
    """Another channel that names the session's token gets nothing."""

    async def visit():
        async with house.visit("hmi") as victim:
            thief = await prepared(house.url)
            await thief.connect_socket()
            try:
                await thief.send_hello()
                await thief.open_secure_channel()
                thief.uaclient.session.restore_authentication_token(victim.uaclient.session.authentication_token)
                thief._server_nonce, thief._policy_ids = victim._server_nonce, victim._policy_ids
                with pytest.raises(refusal("BadSessionIdInvalid")):
                    await thief.activate_session("hmi", house.tokens["hmi"])
            finally:
                thief.disconnect_socket()

    visited(visit())


def test_services_that_change_the_server_are_refused(house):
    """No nodes are added or deleted, no methods called, no history read."""

    async def visit():
        async with house.visit("all") as client:
            index = await index_of(client)
            with pytest.raises(ua.UaError):
                await client.nodes.objects.add_object(index, "mine")
            with pytest.raises(ua.UaError):
                await client.delete_nodes([node(client, index, "Pump/P-7")])
            with pytest.raises(ua.UaError):
                await node(client, index, "Pump/P-7/temp").read_raw_history()
            assert await node(client, index, "Pump/P-7/temp").read_value() == pytest.approx(21.0)

    visited(visit())


# -- how much, and what may be set ------------------------------------------------------------------------------------


def test_what_a_client_holds_is_bounded_and_ends_with_it(house):
    """Subscriptions and monitored items are refused beyond their bounds; nothing is kept of who left."""
    limits = ServerLimits()
    inside = house.live.doors.opcua._house

    async def visit():
        async with house.visit("hmi") as client:
            index = await index_of(client)
            made = [await client.create_subscription(100, None) for _ in range(limits.subscriptions)]
            with pytest.raises(refusal("BadTooManySubscriptions")):
                await client.create_subscription(100, None)
            many = [node(client, index, "Pump/P-7/temp")] * (limits.items + 1)
            with pytest.raises(refusal("BadTooManyMonitoredItems")):
                await made[0].subscribe_data_change(many)

    visited(visit())
    until(lambda: inside.sessions == [])
    assert inside.space._server.iserver.subscription_service.subscriptions == {}
    assert house.counters["refused_subscriptions"] == 1
    assert house.counters["refused_items"] == limits.items + 1


def test_who_does_not_fetch_what_was_told_keeps_no_more_than_a_queue(house):
    """A subscriber that never asks for its notifications: the oldest of each item go, and others are served."""
    server = house.live.doors.opcua._house.space._server

    async def visit():
        async with house.visit("hmi") as client:
            index = await index_of(client)
            temp = node(client, index, "Pump/P-7/temp")
            subscription = await client.create_subscription(100, None)
            await subscription.subscribe_data_change(temp, queuesize=1_000_000)
            client.uaclient.session._publish_task.cancel()
            inner = server.iserver.subscription_service.subscriptions[subscription.subscription_id]
            for number in range(ServerLimits().queue + 4):
                house.tell(Datum("temp", 20.0 + number / 10))
                await asyncio.sleep(0.22)
            (waiting,) = inner._triggered_datachanges.values()
            assert len(waiting) == ServerLimits().queue
            assert len(inner._not_acknowledged_results) <= ServerLimits().unacknowledged
            return await temp.read_value()

    assert visited(visit()) == pytest.approx(21.3)
    house.tell(Datum("temp", 21.0))


def test_junk_disturbs_nobody(house):
    """Bytes that are no OPC UA, pieces without end and connections that say nothing: a canary is served throughout."""
    port = house.live.doors.opcua.port
    junk = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"HELF" + struct.pack("<I", 0xFFFFFFFF) + bytes(1000),
        b"HELF" + struct.pack("<I", 8),
        b"OPNF" + struct.pack("<I", 60) + bytes(52),
        b"MSGF" + struct.pack("<I", 40) + bytes(32),
        b"HELF" + struct.pack("<I", 1 << 24) + bytes(400_000),
        random.Random(1).randbytes(5_000),
        b"",
    ]

    async def visit():
        async with house.visit("hmi") as client:
            temp = node(client, await index_of(client), "Pump/P-7/temp")
            writers = []
            for piece in junk:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writers.append(writer)
                with contextlib.suppress(ConnectionError):
                    for start in range(0, len(piece), 65_536):
                        writer.write(piece[start : start + 65_536])
                        await writer.drain()
                assert await temp.read_value() == pytest.approx(21.0)
            held = [len(one._buffer) for one in house.live.doors.opcua._house.space._server.bserver.clients]
            assert max(held) < 400_000
            for writer in writers:
                writer.close()

    visited(visit())
    assert house.live.doors.opcua.failure == ""


def test_a_write_is_an_order_of_whoever_may_command(house):
    """It passes gate, envelope and log like any other; a sensor, another's twin and a mad value are refused."""

    async def visit():
        async with house.visit("control") as client, house.visit("hmi") as viewer:
            index = await index_of(client)
            speed = node(client, index, "Pump/P-7/speed")
            with pytest.raises(refusal("BadUserAccessDenied")):
                await node(viewer, index, "Pump/P-7/speed").write_value(900.0)
            with pytest.raises(refusal("BadNotWritable")):
                await node(client, index, "Pump/P-7/temp").write_value(1.0)
            with pytest.raises(refusal("BadNodeIdUnknown")):
                await node(viewer, index, "Pump/P-8/speed").write_value(1.0)
            with pytest.raises(refusal("BadOutOfRange")):
                await speed.write_value(1e6)
            await speed.write_value(900.0)

    visited(visit())
    until(lambda: len(house.paper.made[0].orders) == 1)
    (order,) = house.paper.made[0].orders
    assert (order.twin, dict(order.params)) == ("P-7", {"speed": 900.0})
    standing = house.live.estate.orders.of("Pump", "P-7")[0]
    assert (standing.proposer, standing.reason) == ("control", "by OPC UA")


def test_a_site_that_observes_takes_no_write(tmp_path):
    """Without acting nothing is built that could."""
    site = px.Site("plant")
    site.fleet(Pump)
    with site.open(tmp_path, mqtt=None) as live:
        live.accounts.add("all", kind="service", roles={"administrator"}, twins=["*"])
        show = SiteShow(live)
        who = show.enter(Credential("all", live.accounts.issue("all").secret.encode()))
        assert who is not None
        assert show.set(who, Target("Pump", "P-7", "speed"), 1.0) == READ_ONLY


def test_new_twins_appear_and_removed_ones_go(house):
    """Within a turn or two, without a restart."""
    house.tell(Datum("temp", 5.0), twin="P-9")
    until(lambda: ("Pump", "P-9") in _shown(house.live))

    async def visit():
        async with house.visit("all") as client:
            index = await index_of(client)
            assert await node(client, index, "Pump/P-9/temp").read_value() == pytest.approx(5.0)
            who = house.live.doors.opcua._show.enter(Credential("all", house.tokens["all"].encode()))
            house.live.rooms.editor.remove("Pump", "P-9", who=who)
            for _ in range(100):
                if ("Pump", "P-9") not in _shown(house.live):
                    break
                await asyncio.sleep(0.05)
            with pytest.raises(refusal("BadNodeIdUnknown")):
                await node(client, index, "Pump/P-9/temp").read_value()

    visited(visit())
