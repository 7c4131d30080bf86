"""Header and trailer fields as a list of (name, value) pairs, in the order received; repeated fields are not joined.

Text is decoded as latin-1: one character is one byte on the wire.
"""

import re

Fields = list[tuple[str, str]]

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 -- not a secret: RFC 9110, section 5.6.2
_VALUE = r"[^\x00-\x08\x0a-\x1f\x7f]*"  # RFC 9110, section 5.5
_SECTION = re.compile(rf"(?:{TOKEN}:{_VALUE}\r\n)*")
# Errors in a response that a proxy repairs (RFC 9112, sections 2.2, 5.1 and 5.2).
_BARE_LF = re.compile(r"(?<!\r)\n")
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_SPACE_BEFORE_COLON = re.compile(rf"^({TOKEN})[ \t]+:", re.MULTILINE)


class MalformedError(Exception):
    """A message violates RFC 9112; the exception's text says how. A server refuses it with ``status``."""

    status = 400


def parse_fields(section: str) -> Fields:
    """Parse a header or trailer section; every line, the last one too, ends with CRLF.

    Raises:
        MalformedError: a line is not ``name: value``, is folded, or contains a control character.
    """
    if not _SECTION.fullmatch(section):
        raise MalformedError("A header field is malformed.")
    fields = []
    for line in section.split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        fields.append((name, value.strip(" \t")))
    return fields


def repair_section(section: str) -> str:
    """Repair a response's header section: bare LF, folded lines, and spaces before the colon."""
    section = _FOLD.sub(" ", _BARE_LF.sub("\r\n", section))
    return _SPACE_BEFORE_COLON.sub(r"\1:", section)


def format_fields(fields: Fields) -> str:
    """Format fields as lines that end with CRLF."""
    return "".join([f"{name}: {value}\r\n" for name, value in fields])


def values(fields: Fields, name: str) -> list[str]:
    """Return the values of the fields called ``name`` (in lower case)."""
    return [value for key, value in fields if key.lower() == name]


def members(fields: Fields, name: str) -> list[str]:
    """Return the members of the comma-separated field ``name``, in lower case."""
    lists = values(fields, name)
    return [member.strip(" \t").lower() for value in lists for member in value.split(",") if member.strip()]
