"""Lines of the documents, run by tests as they stand."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lines_with(words: str, language: str = "python", document: str = "docs/models.md") -> str:
    """The one block of this language that has the words."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    (block,) = (block for block in blocks if words in block)
    return str(block)
