"""What the declarations of a site say of entries: whom they speak of, by what topics, and how they are understood."""

from collections.abc import Mapping
from typing import Any

from pollux.check.calibration import held_as
from pollux.site.declare import Declared


def persons(declared: Mapping[str, Declared]) -> list[str]:
    """The types whose twins are persons."""
    return [name for name, one in declared.items() if one.schema.personal]


def patterns(declared: Mapping[str, Declared], *, brokers: bool = True) -> list[tuple[str, str]]:
    """Every mapping's topics with the type that they speak of; those that are heard through `brokers` too, or not."""
    return [
        (name, mapping.pattern.text)
        for name, one in declared.items()
        for mapping in one.mappings
        if brokers or mapping.broker is None
    ]


def meaning(declared: Mapping[str, Declared]) -> dict[str, Any]:
    """What entries are understood with: the models' digests, the mappings' patterns, the places of field values, the
    calibrations of sensors, since when payloads are sealed.
    """
    models = {name: one.schema.digest for name, one in declared.items()}
    mappings = {name: [mapping.pattern.text for mapping in one.mappings] for name, one in declared.items()}
    fields = {name: [line for source in one.fields for line in source.meaning()] for name, one in declared.items()}
    told = {name: lines for name, lines in fields.items() if lines}
    curves = {name: held_as(one.calibrations) for name, one in declared.items() if one.calibrations}
    seals = {name: [str(mapping.sealed) for mapping in one.mappings] for name, one in declared.items()}
    sealed = {name: since for name, since in seals.items() if set(since) - {"None"}}
    more = {"fields": told, "calibrations": curves, "sealed": sealed}
    return {"models": models, "mappings": mappings, **{word: some for word, some in more.items() if some}}
