import pytest

from http1.fields import MalformedError, format_fields, members, parse_fields, repair_section, values


def test_fields_keep_names_order_and_repetition_and_values_are_stripped():
    section = "Host: a\r\nX-A:1\r\nx-a: \t2 3\t \r\nX-Empty:\r\nX-Colon: a:b\r\n"

    assert parse_fields(section) == [
        ("Host", "a"),
        ("X-A", "1"),
        ("x-a", "2 3"),
        ("X-Empty", ""),
        ("X-Colon", "a:b"),
    ]


def test_only_http_whitespace_is_stripped():
    assert parse_fields("X: \xa0a\x85\r\n") == [("X", "\xa0a\x85")]


def test_empty_section_is_well_formed():
    assert parse_fields("") == []


def test_names_may_contain_all_token_characters_and_values_all_visible_bytes():
    name = "!#$%&'*+-.^_`|~09AZaz"
    value = "".join(map(chr, [*range(0x21, 0x7F), *range(0x80, 0x100)]))

    assert parse_fields(f"{name}: {value}\r\n") == [(name, value)]


@pytest.mark.parametrize(
    "section",
    [
        "X\r\n",
        ": 1\r\n",
        " X: 1\r\n",
        "X : 1\r\n",
        "X\t: 1\r\n",
        "X Y: 1\r\n",
        "X\0: 1\r\n",
        "X(: 1\r\n",
        "Contént: 1\r\n",
        "X: 1\r\n Y: 2\r\n",
        "X: a\0b\r\n",
        "X: a\x0bb\r\n",
        "X: a\x1bb\r\n",
        "X: a\x7fb\r\n",
        "X: a\rY: b\r\n",
        "X: 1\nY: 2\r\n",
        "X: 1\r\r\n",
        "X: 1",
        "X: 1\r\n\r\n",
    ],
)
def test_malformed_section_is_refused(section):
    with pytest.raises(MalformedError, match="malformed"):
        parse_fields(section)


@pytest.mark.parametrize(
    ("section", "repaired"),
    [
        ("X: 1\nY: 2\r\n", "X: 1\r\nY: 2\r\n"),
        ("X: 1\r\n  2\r\n", "X: 1 2\r\n"),
        ("X: 1 \r\n\t2\nY: 3\n", "X: 1 2\r\nY: 3\r\n"),
        ("X : 1\r\nY\t: 2\r\n", "X: 1\r\nY: 2\r\n"),
        ("X: a : b\r\n", "X: a : b\r\n"),
    ],
)
def test_section_of_a_response_is_repaired(section, repaired):
    assert repair_section(section) == repaired


def test_fields_are_formatted_as_lines():
    assert format_fields([("A", "1"), ("a", "")]) == "A: 1\r\na: \r\n"
    assert format_fields([]) == ""


def test_values_are_found_case_insensitively():
    fields = [("X-A", "1"), ("Y", "2"), ("x-a", "3")]

    assert values(fields, "x-a") == ["1", "3"]
    assert values(fields, "z") == []


def test_members_of_repeated_fields_are_joined_in_lower_case():
    fields = [("Connection", "Close, X-A ,\t"), ("connection", ",keep-alive")]

    assert members(fields, "connection") == ["close", "x-a", "keep-alive"]
    assert members(fields, "te") == []
