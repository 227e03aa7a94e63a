"""Nodes of pytest-celery as processes of this machine: suites that were written for Docker run without it.

`plugin` is what pytest loads (`PYTEST_PLUGINS=stormproof.pytest_celery.plugin`, or `pytest_plugins` of a root conftest); the rest stands behind it.
"""
