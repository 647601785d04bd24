"""What looks as if it said something about a person: names, addresses, positions, numbers of people and of cards."""

import re
from itertools import pairwise
from typing import Final

from pollux.site.survey.guess import words
from pollux.site.survey.leaves import Kind

_NAMES: Final = {
    "the name of a person": frozenset(
        (
            "firstname",
            "lastname",
            "surname",
            "fullname",
            "username",
            "patient",
            "employee",
            "driver",
            "owner",
            "customer",
        )
    ),
    "a contact": frozenset(("email", "mail", "phone", "mobile", "telephone", "address", "street")),
    "a date of birth": frozenset(("birth", "birthday", "birthdate", "dob")),
    "a number of a person": frozenset(("ssn", "passport", "iban", "insurance")),
    "a position": frozenset(("lat", "latitude", "lon", "lng", "longitude", "gps", "position")),
    "health": frozenset(("heartrate", "spo2", "glucose", "diagnosis", "weight")),
}
_SECRET: Final = frozenset(
    ("password", "passwd", "secret", "token", "apikey", "pin", "psk", "credential", "credentials")
)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(\.[\w-]{1,64})+")
_PHONE: Final = re.compile(r"\+\d[\d ()/-]{7,18}\d")
_PERSON: Final = re.compile(r"(mr|mrs|ms|dr|prof)\.? [A-Z]\w+", re.IGNORECASE)
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_JOINED: Final = (("first", "name"), ("last", "name"), ("full", "name"), ("user", "name"), ("heart", "rate"),
                  ("api", "key"))  # fmt: skip


def personal(path: str, kind: Kind, texts: list[str]) -> str:
    """What about a signal looks personal, empty for nothing; `texts` are some of its values.

    >>> personal("driver_name", "text", ["Ada"]), personal("temp", "number", [])
    ('the name of a person, by its name', '')
    >>> personal("contact", "text", ["ada@example.org"])
    'an e-mail address, by its values'
    """
    if kind == "position":
        return "a position, by its form"
    parts = _parts(path)
    for what, known in _NAMES.items():
        if parts & known:
            return f"{what}, by its name"
    found = next((what for text in texts if (what := _by_value(text))), "")
    return f"{found}, by its values" if found else ""


def secret(path: str) -> bool:
    """Whether a value should be in no report at all, by its name.

    >>> secret("wifi.password"), secret("temp")
    (True, False)
    """
    return bool(_parts(path) & _SECRET)


def _parts(path: str) -> set[str]:
    told = words(path)
    pairs = {"".join(pair) for pair in pairwise(told) if pair in _JOINED}
    return set(told) | pairs


def _by_value(text: str) -> str:
    if _MAIL.fullmatch(text):
        return "an e-mail address"
    if _IBAN.fullmatch(text) and sum(sign.isdigit() for sign in text) > 8:
        return "an account number"
    if _PHONE.fullmatch(text):
        return "a telephone number"
    return "the name of a person" if _PERSON.fullmatch(text) else ""
