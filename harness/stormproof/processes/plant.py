"""Starts a component with a mistake in it: `python plant.py MISTAKE.py MODULE ARGUMENTS...`.

Runs the mistake's file first, which changes what the system's own modules do, and then MODULE as `python -m MODULE` would. Standard library
only: it runs in the component's interpreter.
"""

import importlib.util
import os
import runpy
import sys


def main(mistake: str, module: str, *arguments: str) -> None:
    """What both run: the mistake finds its siblings, and in `sys.argv[0]` which component it is in."""
    sys.path[0] = os.getcwd()
    sys.path.insert(1, os.path.dirname(mistake))
    sys.argv = [module, *arguments]
    spec = importlib.util.spec_from_file_location("mistake", mistake)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{mistake}: not a Python file")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
