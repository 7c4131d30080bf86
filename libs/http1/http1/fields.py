"""Header and trailer fields: pairs of name and value as they came, in order, repeated ones apart.

Text is latin-1 throughout: one character is one byte on the wire.
"""

import re

Fields = list[tuple[str, str]]

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 -- no secret: RFC 9110, section 5.6.2
_VALUE = r"[^\x00-\x08\x0a-\x1f\x7f]*"  # RFC 9110, section 5.5
_SECTION = re.compile(rf"(?:{TOKEN}:{_VALUE}\r\n)*")
# What a proxy has to repair in an answer (RFC 9112, sections 2.2, 5.1 and 5.2).
_BARE_LF = re.compile(r"(?<!\r)\n")
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_SPACE_BEFORE_COLON = re.compile(rf"^({TOKEN})[ \t]+:", re.MULTILINE)


class MalformedError(Exception):
    """The bytes are not what RFC 9112 allows; the message says where."""


def parse_fields(section: str) -> Fields:
    """Return the fields of ``section``, whose every line ends with CRLF.

    Raises:
        MalformedError: a line is not ``name: value``, is folded, or holds a control character.
    """
    if not _SECTION.fullmatch(section):
        raise MalformedError("A header field is malformed.")
    fields = []
    for line in section.split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        fields.append((name, value.strip(" \t")))
    return fields


def repair_section(section: str) -> str:
    """Return an answer's ``section`` with line ends, folds and spaces before colons as they should be."""
    section = _FOLD.sub(" ", _BARE_LF.sub("\r\n", section))
    return _SPACE_BEFORE_COLON.sub(r"\1:", section)


def format_fields(fields: Fields) -> str:
    """Return the lines of ``fields``."""
    return "".join([f"{name}: {value}\r\n" for name, value in fields])


def values(fields: Fields, name: str) -> list[str]:
    """Return the value of every field called ``name``, which is in lower case."""
    return [value for key, value in fields if key.lower() == name]


def members(fields: Fields, name: str) -> list[str]:
    """Return the members, in lower case, of the comma-separated list that ``name`` is."""
    if not (lists := values(fields, name)):
        return []
    return [member.strip(" \t").lower() for value in lists for member in value.split(",") if member.strip()]
