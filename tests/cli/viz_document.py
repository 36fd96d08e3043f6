# SPDX-License-Identifier: Apache-2.0
"""Reads what `otium viz -o x.json` writes, as tools/viz/README.md has it."""

import base64
import itertools
import json
import re
import zlib

DATA = re.compile(r'id="data">([^<]*)<')


def column(of, rows):
    if isinstance(of, dict):
        return list(itertools.accumulate(of["steps"]))
    return of if isinstance(of, list) else [of] * rows


def values(of, rows, texts):
    """A column of a table as what it says of each row."""
    if not isinstance(of, dict) or "steps" in of:
        return column(of, rows)
    if "count" not in of:
        return [texts[i] for i in column(of["text"], rows)]
    counts = column(of["count"], rows)
    every = column(of.get("of", of.get("text")), sum(counts))
    each = iter([texts[i] for i in every] if "text" in of else every)
    return [list(itertools.islice(each, n)) for n in counts]


def read(text):
    """The document, with tables as lists of rows."""
    document = json.loads(text)
    for segment in document["segments"]:
        for holder in [segment, *segment["layouts"]]:
            for name, table in holder.items():
                if isinstance(table, dict):
                    holder[name] = rows_of(table, document["texts"])
    return document


def rows_of(table, texts):
    rows = table.pop("rows")
    columns = {key: values(of, rows, texts) for key, of in table.items()}
    assert all(len(each) == rows for each in columns.values()), columns.keys()
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def in_page(page):
    """The bytes of the document in a page."""
    return zlib.decompress(base64.b64decode(DATA.search(page).group(1)))


def with_document(page, text):
    data = base64.b64encode(zlib.compress(text.encode())).decode()
    return page[:DATA.search(page).start(1)] + data + page[DATA.search(page).end(1):]
