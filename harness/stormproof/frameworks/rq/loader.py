"""Loads the probe into RQ's workers, which have no option that names a module to import.

The harness copies this file as `sitecustomize.py` into a folder on the worker's PYTHONPATH: Python imports it at the start of every
process. A `sitecustomize` that the system has of its own is run after it, and takes its place.
"""

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def load_probe() -> None:
    """Have the probe patch RQ when that is imported, where the environment asks for a journal. What goes wrong is told, and hurts nobody."""
    if not os.environ.get("STORMPROOF_JOURNAL"):
        return
    try:
        import stormproof_probe  # type: ignore[import-not-found] # noqa: F401, PLC0415  # its copy stands beside this one

    except Exception as error:
        print(f"stormproof probe: cannot be loaded: {type(error).__name__}: {error}", file=sys.stderr)


def run_next() -> None:
    """Run the `sitecustomize` that Python would have imported without this one, if there is any."""
    others = [path for path in sys.path if os.path.abspath(path or os.curdir) != _FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    load_probe()
    run_next()
