"""Search for words by PostgreSQL's text search, with an index and without an extension.

A word is a run of characters between spaces and ``PUNCTUATION``, in lower case: ``Ada.Lovelace@example.com`` has four.
PostgreSQL's own parser takes an e-mail address for one word, and tells numbers, hosts and file names apart.
"""

import re
from typing import Any

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, Expression, Func, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower

PUNCTUATION = "'\\:@.,_/+()&\"-"  # each one costs time: TRANSLATE looks for every character in it
WHOLE_WORD_LENGTH = 2  # so short a word begins too many others
_BREAK = "[[:space:]" + PUNCTUATION.replace("\\", r"\\") + "]"


def split_words(text: str) -> list[str]:
    """Return the words of ``text``, as they are written."""
    return text.translate(dict.fromkeys(map(ord, PUNCTUATION), " ")).split()


def search_vector(*fields: str) -> Expression:
    """Return the words of ``fields``: for ``GinIndex(search_vector("name"), name="user_search", fastupdate=False)``."""
    blanks = " " * len(PUNCTUATION)
    return Cast(Func(_text(*fields), Value(PUNCTUATION), Value(blanks), function="TRANSLATE"), SearchVectorField())


def search_conditions(words: list[str], *fields: str) -> list[Expression]:
    """Return the conditions of rows in which each of ``words`` begins a word; one of 1 or 2 letters is a whole word.

    The first condition is for the index. The others are equal to it and cost an eighth, where rows are read in another
    order.
    """
    terms, patterns = [], []
    for word in words:
        is_whole = len(word) <= WHOLE_WORD_LENGTH
        terms.append(f"'{word}'" if is_whole else f"'{word}':*")
        patterns.append(f"(^|{_BREAK}){re.escape(word)}" + (f"({_BREAK}|$)" if is_whole else ""))
    query = Cast(Lower(Value(" & ".join(terms))), SearchQueryField())
    text = _text(*fields)
    return [
        _operation("@@", search_vector(*fields), query),
        *(_operation("~", text, Lower(Value(pattern))) for pattern in patterns),
    ]


def _text(*fields: str) -> Expression:
    """Return the values of ``fields`` as one text in lower case."""
    return Lower(_operation("|| ' ' ||", *(Coalesce(field, Value("")) for field in fields), returns=TextField()))


def _operation(operator: str, *operands: Expression, returns: Any = None) -> Expression:
    field = returns or BooleanField()
    return Func(*operands, template="(%(expressions)s)", arg_joiner=f" {operator} ", output_field=field)
