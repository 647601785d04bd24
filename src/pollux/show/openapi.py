"""The OpenAPI 3.1 description, made from the table of routes: a route cannot be there and not be described."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec import Struct

from pollux.show.documents.common import Problem
from pollux.show.others import OTHERS, Other
from pollux.show.problems import MEDIA
from pollux.show.routes import API, JSON, Route

REF: Final = "#/components/schemas/{name}"
Json = dict[str, Any]

_DESCRIPTION: Final = (
    "Times are seconds since 1970 UTC, durations seconds; null means that something is not known. Errors are RFC 9457 "
    "problem documents with `at` and `hint`. What does not exist and what may not be seen answer alike, 404. An "
    "administrator of the installation adds `?tenant=`."
)
_PROBLEMS: Final = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    404: "Nothing is there that may be seen",
    406: "No other kind of answer",
    409: "Something else bears this name, or the state does not allow it",
    413: "The body is too large",
    415: "Another kind of body is expected",
    422: "It was read, and is not what is expected",
    429: "Too much at once; try again after Retry-After seconds",
}


def openapi(routes: Sequence[Route], *, version: str, others: Iterable[Other] = OTHERS) -> Json:
    """The description of these routes as a JSON document."""
    others = tuple(others)
    schemas = _Schemas([*_kinds(routes), *_other_kinds(others), Problem])
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(API + route.path, {})[route.method.lower()] = _operation(route, schemas)
    for other in others:
        paths.setdefault(other.path, {})[other.method.lower()] = _other_operation(other, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pollux", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "pollux",
                    "description": "The cookie of POST /session or the one-time address; its name ends in the port.",
                },
            },
        },
    }


class _Schemas:
    """The schemas of all documents by kind, with their components."""

    def __init__(self, kinds: Iterable[Any]) -> None:
        self._kinds = [kind for kind in dict.fromkeys(kinds) if kind not in (None, bytes, str)]
        written, self.components = msgspec.json.schema_components(self._kinds, ref_template=REF)
        self._written: dict[Any, Json] = dict(zip(self._kinds, written, strict=True))

    def __getitem__(self, kind: Any) -> Json:
        if kind in (bytes, str):
            return {"type": "string"} if kind is str else {"type": "string", "contentEncoding": "binary"}
        return self._written[kind]


def _kinds(routes: Sequence[Route]) -> Iterable[Any]:
    for route in routes:
        yield from (kind for kind in route.answers.values() if kind is not None)
        yield from route.body


def _other_kinds(others: Sequence[Other]) -> Iterable[Any]:
    for other in others:
        yield from (kind for kind in other.answers.values() if kind is not None)
        if other.body is not None:
            yield other.body


def _operation(route: Route, schemas: _Schemas) -> Json:
    parameters = [_path_parameter(name) for name in route.names] + _query_parameters(route.query)
    operation: Json = {
        "operationId": operation_id(route.method, route.path),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": parameters,
        "responses": _responses(route.answers, route.media, schemas) | _problems(bool(route.body)),
    }
    if route.body:
        kinds = [schemas[kind] for kind in route.body]
        schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return operation


def _other_operation(other: Other, schemas: _Schemas) -> Json:
    names = [part[1:-1] for part in other.path.split("/") if part.startswith("{")]
    operation: Json = {
        "operationId": operation_id(other.method, other.path.removeprefix(API)),
        "summary": other.summary,
        "tags": [other.tag],
        "parameters": [_path_parameter(name) for name in names] + _query_parameters(other.query),
        "responses": _responses(other.answers, other.media, schemas) | _problems(bool(other.takes)),
    }
    if other.open:
        operation["security"] = []
    if other.takes:
        schema: Json = schemas[other.body] if other.body is not None else {}
        content = {media: {"schema": schema} if schema else {} for media in other.takes}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def operation_id(method: str, path: str) -> str:
    """A name for an operation.

    >>> operation_id("GET", "/twins/{type}/{id}/scene.glb")
    'get_twins_type_id_scene_glb'
    """
    words = path.replace("{", "").replace("}", "").replace(".", "_").replace("-", "_").strip("/").split("/")
    return "_".join([method.lower(), *words])


def _responses(answers: Mapping[int, Any], media: str, schemas: _Schemas) -> Json:
    responses: Json = {}
    for status, kind in answers.items():
        response: Json = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            response["content"] = {media: {"schema": schemas[kind]}}
        responses[str(status)] = response
    return responses


def _problems(has_body: bool) -> Json:
    statuses = [status for status in _PROBLEMS if has_body or status not in (409, 413, 415)]
    content = {MEDIA: {"schema": {"$ref": REF.format(name="Problem")}}}
    return {str(status): {"description": _PROBLEMS[status], "content": content} for status in statuses}


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(kind: type[Struct]) -> list[Json]:
    schema = msgspec.json.schema(kind, ref_template=REF)
    properties: Json = (
        schema["$defs"][kind.__name__]["properties"] if "$defs" in schema else schema.get("properties", {})
    )
    return [{"name": name, "in": "query", "required": False, "schema": what} for name, what in properties.items()]
