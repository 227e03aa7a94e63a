"""Loads the probe into RQ's workers, which have no option that names a module to import.

The harness copies this file as `sitecustomize.py` into a folder on the worker's PYTHONPATH: Python imports it at the
start of every process. If the system has a `sitecustomize` of its own, that runs afterwards, and takes its place.
"""

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def load_probe() -> None:
    """If the environment asks for a journal, have the probe patch RQ when it is imported. Errors are reported and do no
    harm.
    """
    if not os.environ.get("STORMPROOF_JOURNAL"):
        return
    try:
        import stormproof_probe  # type: ignore[import-not-found] # noqa: F401, PLC0415  # its copy stands beside this one

    except Exception as error:
        print(f"stormproof probe: cannot be loaded: {type(error).__name__}: {error}", file=sys.stderr)


def run_next() -> None:
    """Run the `sitecustomize` that Python would have imported without this one, if there is one."""
    others = [path for path in sys.path if os.path.abspath(path or os.curdir) != _FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    load_probe()
    run_next()
