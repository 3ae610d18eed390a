"""File names as people see them: one form for equal names, and no name that cannot be shown or sent.

On Linux, names of files are bytes; Python has those that are no UTF-8 as lone surrogates, which JSON cannot carry.
"""

import unicodedata

from backend.contracts.values import is_invisible, text_problem


def is_showable(name: str) -> bool:
    """Whether a case's name, or a path, can be sent and read, by the contracts' own rule of text."""
    return text_problem(name) is None and not is_invisible(name)


def showable(text: str) -> str:
    """The text with bytes that are no UTF-8 as `\\xff`, and controls and the like as `\\n` or `\\u202e`."""
    return "".join(character if text_problem(character) is None else _escaped(character) for character in text)


def same_name(name: str) -> str:
    """One spelling of names that look alike: composed letters (Unicode NFC), without surrounding blanks."""
    return unicodedata.normalize("NFC", name).strip()


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
