"""No code ever comes from the hub: nothing that a task reaches executes text, unpickles, or imports by a given name."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
#: Where a task arrives: the agent and the worker's one Celery task.
ENTRANCES = ("fedsm.site_agent.process", "worker.jobs.tasks", "worker.process.app")
BUILT_IN = frozenset({"eval", "exec", "compile", "__import__"})
BY_NAME = frozenset({"import_module", "run_module", "run_path", "system", "popen"})
MODULES = frozenset({"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "importlib", "runpy", "code"})
#: Of importlib: what is installed, and where a module lies. None of them imports anything by a given name.
ONLY_LOOK = frozenset({"importlib.metadata", "importlib.abc", "importlib.machinery"})
#: A call that reads pickles unless it is told not to, and what makes it safe.
UNLESS = {"torch.load": "weights_only=True", "np.load": "allow_pickle=False", "numpy.load": "allow_pickle=False"}


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imports(module: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reachable() -> dict[str, ast.AST]:
    """Every module of ours that the entrances import, at the start or later."""
    found: dict[str, ast.AST] = {}
    waiting = list(ENTRANCES)
    while waiting:
        module = waiting.pop()
        if module in found or module.split(".")[0] not in ("backend", "fedsm", "worker"):
            continue
        if (file := file_of(module)) is None:
            continue
        found[module] = ast.parse(file.read_text(encoding="utf-8"))
        waiting += [*imports(module, found[module]), module.rpartition(".")[0]]
    return found


def suspects(module: str, tree: ast.AST) -> Iterator[str]:
    for name in imports(module, tree):
        looks = any(name == one or name.startswith(f"{one}.") for one in ONLY_LOOK)
        if name.split(".")[0] in MODULES and not looks:
            yield f"{module} imports {name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        arguments = [ast.unparse(keyword) for keyword in node.keywords]
        if called in BUILT_IN or called.rpartition(".")[2] in BY_NAME:
            yield f"{module}:{node.lineno} calls {called}"
        if called in UNLESS and UNLESS[called] not in arguments:
            yield f"{module}:{node.lineno} calls {called} without {UNLESS[called]}"
        if "shell=True" in arguments:
            yield f"{module}:{node.lineno} starts a shell"


def test_nothing_that_a_task_reaches_runs_code_from_outside() -> None:
    modules = reachable()
    assert len(modules) > 120, "the walk reaches the engine, the readers and the contracts"
    assert {
        "worker.engine.local_training",
        "worker.datasets.readers.reading",
        "fedsm.site_agent.gateway",
        "worker.engine",
    } <= modules.keys()
    assert [line for module, tree in sorted(modules.items()) for line in suspects(module, tree)] == []


def test_the_walk_finds_what_it_looks_for() -> None:
    text = "import pickle\nfrom importlib import import_module\nexec(x)\ntorch.load(f)\nnp.load(f, allow_pickle=True)\n"
    assert len(list(suspects("m", ast.parse(text + "subprocess.run(x, shell=True)\nos.system(x)")))) == 8
