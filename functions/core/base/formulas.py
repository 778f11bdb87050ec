"""Cells of the tables that Lifeboat writes for people, who open them in a spreadsheet."""

import re

# What makes a spreadsheet take a cell for a formula; it looks past a tab or a line break at the beginning.
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Compiled when it is first asked for: a cold start does not ask.
_NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"


def escape_formula(cell: str) -> str:
    """The cell with an apostrophe before it, where a spreadsheet would run it as a formula.

    Numbers, negative ones too, stay as they are, and so does a sign alone.
    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    runs = cell.startswith(_BEGINS) and len(cell) > 1 and not re.fullmatch(_NUMBER, cell)
    return f"'{cell}" if runs else cell


def unescape_formula(cell: str) -> str:
    """The cell as it was before `escape_formula`: what is written is read again, as a dataset."""
    return cell[1:] if cell.startswith("'") and escape_formula(cell[1:]) == cell else cell
