"""What is public is explained, and words are the usual ones: in the code, on the screens and in the documents."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENGINE = sorted((ROOT / "worker" / "engine").rglob("*.py"))
CONTRACTS = sorted((ROOT / "backend" / "contracts").rglob("*.py"))
WORKER = sorted((ROOT / "worker").rglob("*.py"))
PLATFORM = sorted(path for name in ("backend", "fedsm") for path in (ROOT / name).rglob("*.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "frontend" / "DESIGN.md"])
PAGES = sorted(
    path
    for suffix in ("ts", "tsx")
    for path in (ROOT / "frontend" / "src").rglob(f"*.{suffix}")
    if "generated" not in path.parts
)
#: Words for which English has a usual one: anyone or who; the number of; says or is given; next to or besides.
UNUSUAL = re.compile(r"\b(whoever|whomever|so many|so often|so long|told|tells nobody|beside)\b", re.IGNORECASE)
#: Names of bounds begin with MAX_ or MIN_.
BOUNDS = re.compile(r"\b(MOST|FEWEST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST)_[A-Z]")

#: What ends a program.
ENDS = ("SystemExit", "typer.Exit")

Definition = ast.ClassDef | ast.FunctionDef


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def definitions(path: Path) -> Iterator[tuple[str, Definition, bool]]:
    """The public classes, functions and methods of a file: name, node, and whether a base class may document it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        yield node.name, node, False
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    yield f"{node.name}.{method.name}", method, bool(node.bases)


def definitions_in(paths: Iterable[Path]) -> Iterator[tuple[Path, str, Definition, bool]]:
    """The same, of all these files."""
    return ((path, *found) for path in paths for found in definitions(path))


def is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def is_validator(node: ast.FunctionDef) -> bool:
    return any("validator" in ast.unparse(decorator) for decorator in node.decorator_list)


def raised_by(node: ast.AST) -> Iterator[str]:
    """What the function itself raises anew, without what functions inside of it raise."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and child.exc:
            yield ast.unparse(child.exc)
        if not isinstance(child, ast.FunctionDef):
            yield from raised_by(child)


def is_for_users(path: Path) -> bool:
    """Docstrings of endpoints are descriptions in the OpenAPI document, and those of commands are help texts."""
    return path.name == "endpoints.py" or path.is_relative_to(ROOT / "fedsm" / "cli")


def fields(node: ast.ClassDef) -> list[str]:
    named = [
        item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    return [name for name in named if not name.startswith("_")]


def test_what_the_engine_offers_has_a_docstring_which_says_what_it_raises() -> None:
    """A method may leave the docstring to its base class."""
    faults = []
    for path, name, node, may_be_inherited in definitions_in(ENGINE):
        docstring = ast.get_docstring(node) or ""
        if not (docstring or may_be_inherited):
            faults.append(f"{relative(path)}: {name} has no docstring")
        raises = isinstance(node, ast.FunctionDef) and any(isinstance(n, ast.Raise) for n in ast.walk(node))
        if docstring and raises and "Raises" not in docstring:
            faults.append(f"{relative(path)}: {name} does not say what it raises")
    assert faults == []


def test_a_function_says_what_it_raises() -> None:
    """A method may leave the docstring to its base class. A validator raises what pydantic catches, and what ends a
    command is its exit code, which its help gives."""
    faults = []
    for path, name, node, may_be_inherited in definitions_in(
        path for path in [*WORKER, *PLATFORM] if not is_for_users(path)
    ):
        docstring = ast.get_docstring(node) or ""
        if not isinstance(node, ast.FunctionDef) or (may_be_inherited and not docstring) or is_validator(node):
            continue
        if any(not error.startswith(ENDS) for error in raised_by(node)) and "raises" not in docstring.lower():
            faults.append(f"{relative(path)}: {name} does not say what it raises")
    assert faults == []


def test_fields_are_explained() -> None:
    """As `name: ...` in the docstring of the class, with unit or shape; fields of a contract have descriptions."""
    faults = []
    for path, name, node, _ in definitions_in([*ENGINE, *CONTRACTS]):
        if isinstance(node, ast.ClassDef) and is_dataclass(node):
            docstring = ast.get_docstring(node) or ""
            unexplained = [field for field in fields(node) if not re.search(rf"\b{field}\b[\w, ]*:", docstring)]
            faults += [f"{relative(path)}: {name} does not explain {field}" for field in unexplained]
    assert faults == []


def test_words_are_the_usual_ones() -> None:
    """In comments, docstrings, what people read on screens and in errors, and documents."""
    faults = []
    for path in [*WORKER, *PLATFORM, *DOCUMENTS, *PAGES]:
        text = " ".join(path.read_text(encoding="utf-8").split())
        for found in UNUSUAL.finditer(text):
            faults.append(f"{relative(path)}: {text[max(found.start() - 40, 0) : found.end() + 40]}")
    assert faults == []


def test_names_of_bounds_begin_with_max_or_min() -> None:
    found = {path: BOUNDS.search(path.read_text(encoding="utf-8")) for path in [*WORKER, *PLATFORM]}
    assert [f"{relative(path)}: {bounds[0]}..." for path, bounds in found.items() if bounds] == []
