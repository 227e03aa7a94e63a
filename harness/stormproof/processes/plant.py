"""Starts a component with a deliberate bug: `python plant.py MISTAKE.py MODULE ARGUMENTS...`.

Runs the file with the bug first, which changes the behaviour of the system's own modules, and then MODULE as `python -m
MODULE` would. Standard library only: it runs in the component's interpreter.
"""

import importlib.util
import os
import runpy
import sys


def main(mistake: str, module: str, *arguments: str) -> None:
    """Set up what both files need (the file with the bug finds its siblings, and in `sys.argv[0]` the component that it
    is in), and run them.
    """
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
