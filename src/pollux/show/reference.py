"""The documentation of the interface as a page of its own: no script, no foreign origin, nothing inline."""

import re
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pollux.show.routes import JSON

STYLE: Final = (Path(__file__).parent / "reference.css").read_bytes()

Json = dict[str, Any]

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: the interface</title>
<link rel="icon" href="../favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="docs/reference.css">
</head>
<body>
<header><h1>{title}</h1><p>{about}</p><p><a href="openapi.json">openapi.json</a> · version {version}</p></header>
<main>
"""


def reference(document: Json) -> bytes:
    """The page for an OpenAPI document."""
    info = document["info"]
    parts = [
        _HEAD.format(title=escape(info["title"]), about=_prose(info["description"]), version=escape(info["version"]))
    ]
    operations = [
        (operation["tags"][0], path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    order = list(dict.fromkeys(tag for tag, _, _, _ in operations))
    for tag, group in groupby(sorted(operations, key=lambda one: order.index(one[0])), key=lambda one: one[0]):
        parts.append(f'<section aria-labelledby="tag-{tag}"><h2 id="tag-{escape(tag)}">{escape(tag)}</h2>')
        parts += [_operation(path, method, operation) for _, path, method, operation in group]
        parts.append("</section>")
    parts.append('<section aria-labelledby="documents"><h2 id="documents">documents</h2>')
    parts += [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    parts.append("</section></main></body></html>")
    return "\n".join(parts).encode()


def _operation(path: str, method: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    lines = [
        f'<article id="{name}"><h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>',
        f"<p>{_prose(operation['summary'])}</p>",
        "<dl>",
    ]
    asked = [one for one in operation["parameters"] if one["in"] == "query"]
    if asked:
        words = ", ".join(f"<code>{escape(one['name'])}</code> {_asked(one['schema'])}" for one in asked)
        lines.append(f"<dt>query</dt><dd>{words}</dd>")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        kinds = ", ".join(f"<code>{escape(media)}</code>" for media in content if media != JSON)
        schema = content.get(JSON, {}).get("schema")
        words = " or ".join(filter(None, (_type(schema) if schema else "JSON", kinds)))
        lines.append(f"<dt>body</dt><dd>{words}</dd>")
    for status, answer in operation["responses"].items():
        if status < "400":
            lines.append(f"<dt>{status}</dt><dd>{_answer(answer)}</dd>")
    return "\n".join([*lines, "</dl></article>"])


def _answer(answer: Json) -> str:
    content = answer.get("content", {})
    return ", ".join(
        _type(what["schema"]) if media == JSON else f"<code>{escape(media)}</code>" for media, what in content.items()
    ) or escape(answer["description"])


def _schema(name: str, schema: Json) -> str:
    required = frozenset(schema.get("required", ()))
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(field)}</code></th><td>{_type(what)}</td>"
        f"<td>{'' if field in required else 'may be left out'}</td></tr>"
        for field, what in schema.get("properties", {}).items()
    )
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    about = _prose(schema.get("description", ""))
    return f'<article id="{escape(name)}"><h3><code>{escape(name)}</code></h3><p>{about}</p>{table}</article>'


def _prose(text: str) -> str:
    """A sentence, with its names set as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _asked(schema: Json) -> str:
    """The type of something that may be left out anyway."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return " or ".join(_type(one) for one in kinds)


def _type(schema: Json) -> str:
    """A schema in a few words, with links to the documents it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        inner: list[Json] = [schema["items"]] if schema.get("items") else schema.get("prefixItems", [])
        return f"list of {_type(inner[0])}" if inner else "list"
    if kind == "object":
        values: Json | bool = schema.get("additionalProperties", False)
        return f"map to {_type(values)}" if isinstance(values, dict) and values else "map"
    return escape(str(kind)) if kind else "anything"
