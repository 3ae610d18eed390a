"""The code of a structure, for masks that name structures by code: SNOMED CT's where DICOM's lists have it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

#: Structures by name in small letters, with the keyword of the concept in DICOM's lists.
_KEYWORDS = {
    "optic disc": "OpticNerveHead",
    "optic disk": "OpticNerveHead",
    "disc": "OpticNerveHead",
    "prostate": "Prostate",
    "left ventricle": "LeftVentricle",
    "right ventricle": "RightVentricle",
    "vessel": "BloodVessel",
    "vessels": "BloodVessel",
    "retina": "Retina",
}
#: Of DICOM's CID 7150: every structure is one.
CATEGORY: Code = codes.SCT.AnatomicalStructure
#: The scheme of structures that only the task names. DICOM leaves names that begin with 99 to everybody.
PRIVATE_SCHEME = "99FEDSM"
_MAX_VALUE, _MAX_MEANING = 16, 64


@dataclass(frozen=True)
class CodedStructure:
    """A structure's name, code, and colour of its outline: red, green and blue, 0 to 255."""

    name: str
    code: Code
    color: tuple[int, int, int]


def coded_structures(names: Sequence[str], colors: Sequence[tuple[int, int, int]]) -> tuple[CodedStructure, ...]:
    """In the order of `names`; colours repeat where there are fewer."""
    return tuple(CodedStructure(name, _code_of(name), colors[index % len(colors)]) for index, name in enumerate(names))


def _code_of(name: str) -> Code:
    keyword = _KEYWORDS.get(name.strip().lower())
    if keyword is not None:
        found: Code = getattr(codes.SCT, keyword)
        return found
    # The same name has the same value in every file; DICOM allows 16 characters of it.
    value = hashlib.sha256(name.encode()).hexdigest()[:_MAX_VALUE].upper()
    return Code(value, PRIVATE_SCHEME, name[:_MAX_MEANING])
