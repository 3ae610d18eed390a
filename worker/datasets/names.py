"""File names as people see them: one form for equal names, and none that cannot be shown or sent.

Names of files are bytes on Linux; Python has those that are no UTF-8 as lone surrogates, which JSON cannot carry.
"""

import unicodedata

#: Controls, lone surrogates, and the separators of lines and paragraphs.
_UNSHOWABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: They turn the direction of what follows, so that a name looks like another one.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_showable(text: str) -> bool:
    return not any(_is_bad(character) for character in text)


def showable(text: str) -> str:
    r"""The text with bytes that are no UTF-8 as `\xff`, and controls and the like as `\n` or `\u202e`."""
    return "".join(_escaped(character) if _is_bad(character) else character for character in text)


def same_name(name: str) -> str:
    """One spelling of names that look alike: composed letters (Unicode NFC), without blanks around it."""
    return unicodedata.normalize("NFC", name).strip()


def _is_bad(character: str) -> bool:
    return unicodedata.category(character) in _UNSHOWABLE or character in _DIRECTIONS


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
