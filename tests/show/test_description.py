"""The OpenAPI document, its page, the page's files, health and metrics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pollux.show import Application
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.show.metrics import text
from pollux.show.openapi import openapi
from pollux.show.others import OTHERS
from pollux.show.pages import PAGE, Pages
from pollux.show.routes import API
from pollux.show.table import TABLE

from .client import Client
from .house import FakeHouse

METHODS = {"get", "put", "patch", "post", "delete"}
DOCUMENT: dict[str, Any] = openapi(TABLE, version="1")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_is_described() -> None:
    """Each line of the table, and what is answered beside it, has its operation; nothing else has."""
    described = {(method.upper(), path) for path, method, _ in operations()}
    routes = {(route.method, API + route.path) for route in TABLE}
    assert described == routes | {(other.method, other.path) for other in OTHERS}


def test_the_document_is_openapi_3_1() -> None:
    """What the standard requires is there: version, info, unique ids, parameters of the path, responses."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len({*ids})
    for path, method, operation in operations():
        assert path.startswith("/")
        assert method in METHODS
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == {*re.findall(r"{(\w+)}", path)}
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
        assert all(re.fullmatch(r"[1-5]\d\d", status) for status in operation["responses"])
        assert all(answer["description"] for answer in operation["responses"].values())
        assert (method == "get") <= ("requestBody" not in operation)
    assert {"token", "session"} == DOCUMENT["components"]["securitySchemes"].keys()


def test_every_reference_is_there() -> None:
    """No reference of the document dangles, and every schema says what it is."""
    said = json.dumps(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    assert {*re.findall(r'"#/components/schemas/(\w+)"', said)} <= schemas.keys()
    assert "$defs" not in said
    assert all(schema.get("description") for schema in schemas.values())


def test_the_description_is_served(client: Client, house: FakeHouse) -> None:
    """openapi.json is the document for this house."""
    answer = client.get("/openapi.json", house.tokens["viewer"])
    assert answer.json == json.loads(json.dumps(openapi(TABLE, version=house.version)))


def test_what_is_not_offered_is_not_described(house: FakeHouse) -> None:
    """A house without forks, advice and history has neither their routes nor their description."""
    house.offers = frozenset()
    app = Application(house)
    paths = {route.path for route in app.routes}
    assert not any(word in path for path in paths for word in ("forks", "advice", "history", "subjects", "models"))
    assert "/twins/{type}/{id}" in paths


@pytest.mark.parametrize("path", ["/docs", "/docs/reference.css", "/", "/openapi.json"])
def test_nothing_is_asked_of_another_origin(client: Client, house: FakeHouse, path: str) -> None:
    """No served page names a foreign address, holds a script of its own or a style in a tag."""
    body = client.get(path, house.tokens["viewer"]).body.decode()
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", body)
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", body)


def test_the_reference_names_every_route(client: Client, house: FakeHouse) -> None:
    """The page of the interface shows each operation and each document, and its links lead somewhere."""
    page = client.get("/docs", house.tokens["viewer"]).body.decode()
    for path, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in page
        assert path in page
    targets = {*re.findall(r'href="#(\w+)"', page)}
    assert targets <= {*re.findall(r'id="([\w-]+)"', page)}
    assert client.get("/docs/reference.css", house.tokens["viewer"]).headers["content-type"].startswith("text/css")


def test_the_written_reference_names_every_route() -> None:
    """docs/reference/http.md has a line for each request that can be made."""
    written = (Path(__file__).parents[2] / "docs" / "reference" / "http.md").read_text()
    for path, method, _ in operations():
        where = path.removeprefix(API)
        said = (f"{method.upper()} {where}", f"WS {where}", f"`{where}`")
        assert any(one in written for one in said), (method, path)


def test_the_page_is_kept_as_long_as_it_holds(client: Client) -> None:
    """Hashed assets may be kept for ever, the index is asked for each time, and unchanged files are not sent again."""
    index, asset = client.get("/"), client.get("/assets/index-Ab12Cd34.js")
    assert (index.headers["cache-control"], index.headers["content-type"]) == ("no-cache", "text/html; charset=utf-8")
    assert "immutable" in asset.headers["cache-control"]
    assert client.get("/", headers={"if-none-match": index.headers["etag"]}).status == 304
    packed = client.get("/assets/index-Ab12Cd34.js", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(asset.body)


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/accounts.db", "/assets/../../accounts.db", "/.hidden", "//x"])
def test_the_page_has_no_way_out(client: Client, path: str) -> None:
    """Only the files of the page are there; no path leads out of its folder."""
    assert client.get(path).status == 404


def test_a_missing_page_is_no_fault(tmp_path: Path) -> None:
    """A package without its page serves the rest."""
    assert Pages(tmp_path / "nothing").find("/") is None


def test_the_packaged_page_asks_nobody_else() -> None:
    """The index of the built page names files of the package alone."""
    index = Pages(PAGE).find("/")
    if index is None:
        pytest.skip("the page is not built here")
    names = re.findall(r'(?:src|href)="\./([^"]+)"', index.content.decode())
    assert names
    assert all(Pages(PAGE).find(f"/{name}") is not None for name in names)
    assert not re.search(rb'(src|href)="(https?:)?//', index.content)


def test_health_is_bare_without_a_token(client: Client, house: FakeHouse) -> None:
    """Ready says yes or no to everybody, and which promise is broken to those it knows."""
    assert client.get("/health/live").json == {"live": True}
    assert client.get("/health/ready").json == {"ready": True, "broken": None}
    house.broken_promises = [Broken(promise="P1", text="the disk is full")]
    bare, told = client.get("/health/ready"), client.get("/health/ready", house.tokens["viewer"])
    assert (bare.status, bare.json["broken"]) == (503, None)
    assert told.json["broken"] == [{"promise": "P1", "text": "the disk is full"}]


def test_metrics_name_no_person(client: Client, house: FakeHouse) -> None:
    """Whoever may read everything gets figures; tenants are named to the administrator, twins to nobody."""
    client.get("/api/v1/twins/Pump/P-1", house.tokens["viewer"])
    operator, admin = (client.get("/metrics", house.tokens[who]) for who in ("clinician", "admin"))
    assert (
        'pollux_http_requests_total{method="GET",route="/twins/{type}/{id}",status="200"} 1' in operator.body.decode()
    )
    assert "pollux_samples_total 7" in operator.body.decode()
    assert 'pollux_samples_total{tenant="north"} 3' in admin.body.decode()
    for body in (operator.body, admin.body):
        assert b"P-1" not in body
        assert b"P-2" not in body
    for who in ("viewer", "device", "stranger", "wall"):
        assert client.get("/metrics", house.tokens[who]).status == 404


def test_metrics_are_prometheus_text() -> None:
    """Labels are escaped, infinities and gaps written as the format wants, each family once."""
    samples = (({"reason": 'a "b"\n\\'}, float("inf")), ({"reason": "x"}, float("nan")), ({"reason": "y"}, 0.5))
    lines = text([Metric("m", "gauge", "Line\none.", samples)], tenants=False).decode().splitlines()
    assert lines == [
        "# HELP m Line\\none.",
        "# TYPE m gauge",
        'm{reason="a \\"b\\"\\n\\\\"} +Inf',
        'm{reason="x"} NaN',
        'm{reason="y"} 0.5',
    ]
