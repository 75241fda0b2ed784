"""Etags of other records inside arrays: a copy that says nothing of the record it stands in.

An entry of an array carries its own `etag`, which belongs to it. An object inside an entry, such
as the `custom_field` of a custom field's value, is another record; its etag changes when that
record does, in every record that has an entry of it. So it is neither stored nor hashed.
"""

_TEXT = r'"(?:[^"\\]|\\.)*"'
_PAIR = rf'{_TEXT}:(?:{_TEXT}|[^"{{}}\[\],]+)'
_ETAG = rf'"etag":(?:{_TEXT}|null)'
# inside a text every quote has a backslash before it, so neither pattern begins within one
_BEFORE_OTHERS = rf"(:\{{(?:{_PAIR},)*?){_ETAG},"
_LAST = rf"(:\{{(?:{_PAIR}(?:,{_PAIR})*?)?),?{_ETAG}\}}"


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def stripped(text: str) -> str:
    """Return the SQL of an array's JSON without white space, less the etags of other records.

    `text` is the SQL of the array. An array without any object in its entries costs one search.
    """
    without = f"regexp_replace({text}, {_quoted(_BEFORE_OTHERS)}, '\\1', 'g')"
    without = f"regexp_replace({without}, {_quoted(_LAST)}, '\\1}}', 'g')"
    return f"case when contains({text}, '\":{{') then {without} else {text} end"
