"""The description of a system under test: the contents of `stormproof.toml`, as checked values.

A description names the processes, how addresses reach them, how to submit a task and read its status, and what the
system promises. It holds no code. `docs/description.md` explains each key with an example.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from stormproof.errors import UsageError
from stormproof.spec.promises import Promises
from stormproof.spec.registry import Registry
from stormproof.spec.seams import BROKERS, DRIVERS, EFFECTS, FRAMEWORKS
from stormproof.spec.tables import Backlog, Component, Effects, Metrics, Redis, Status, Store, Submit, Table
from stormproof.spec.templates import Text, texts


def _of(registry: Registry[Any], name: str) -> Any:
    """An implementation, for use in validators: raises ValueError if there is none."""
    try:
        return registry.get(name)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _table(kind: type[Store], name: str, table: Mapping[str, Any]) -> Store:
    """The table of one server. Raises ValueError with one line that names the key."""
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join([name, *(str(part) for part in mistake["loc"])])
        known = ", ".join(sorted(kind.model_fields))
        if mistake["type"] == "extra_forbidden":
            raise ValueError(f"unknown key {key!r}; known here: {known}") from error
        raise ValueError(f"{key}: {mistake['msg']}") from error


class System(Table):
    """A whole system under test.

    `folder` is the folder of its description; relative paths start there. `framework`, and the kind of each of its
    `servers`, name implementations, either Stormproof's own or another package's. `redis` holds the servers of that
    kind.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    folder: Path = Path()
    env: dict[str, Text] = {}
    queues: tuple[str, ...] = ("celery",)
    broker: str = "broker"
    results: str | None = "results"
    framework: str = "celery"
    redis: dict[str, Redis] = {}
    servers: dict[str, SerializeAsAny[Store]] = {}
    components: dict[str, Component] = Field(min_length=1)
    submit: Submit
    status: Status
    effects: Effects = Effects()
    backlog: Backlog | None = None
    metrics: Metrics | None = None
    promises: Promises = Promises()

    @model_validator(mode="before")
    @classmethod
    def _results_where_they_can_be(cls, data: Any) -> Any:
        """If no server is called `results` and none is named, results are in the broker, if it can hold any."""
        tables = [data.get(name) or {} for name in ("redis", "servers")] if isinstance(data, dict) else []
        if any(tables) and "results" not in data and not any("results" in table for table in tables):
            return {**data, "results": data.get("broker", "broker")}
        return data

    @model_validator(mode="before")
    @classmethod
    def _promises_of_its_framework(cls, data: Any) -> Any:
        """Fill in the promises that the framework documents, wherever the description gives none."""
        named = data.get("framework") if isinstance(data, dict) else None
        promises = data.get("promises", {}) if isinstance(data, dict) else None
        if not isinstance(named, str) or not isinstance(promises, Mapping):
            return data
        return {**data, "promises": {**_of(FRAMEWORKS, named).promises, **promises}}

    @model_validator(mode="after")
    def _kinds_exist(self) -> System:
        _of(DRIVERS, self.submit.kind)
        _of(EFFECTS, self.effects.kind)
        return self

    @field_validator("servers", mode="before")
    @classmethod
    def _tables_of_their_kinds(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        found = {}
        for name, table in value.items():
            kind = table.get("kind") if isinstance(table, Mapping) else None
            if not isinstance(kind, str):
                raise ValueError(f'{name} says no kind; add kind = "..." ({", ".join(BROKERS.names())})')
            found[name] = _table(_of(BROKERS, kind).Table, name, table)
        return found

    @model_validator(mode="after")
    def _names_exist(self) -> System:
        twice = self.redis.keys() & self.servers.keys()
        if twice:
            raise ValueError(f"there are two servers {min(twice)!r}; give one of them another name")
        if not self.stores:
            raise ValueError("no server is described; add [redis.broker]")
        named: list[tuple[str, str | None, Mapping[str, Any]]] = [
            ("broker", self.broker, self.stores),
            ("results", self.results, self.stores),
            ("submit.component", self.submit.component, self.components),
            ("backlog.component", self.backlog.component if self.backlog else None, self.components),
            ("metrics.component", self.metrics.component if self.metrics else None, self.components),
            *(("promises.durable", name, self.stores) for name in self.promises.durable),
        ]
        for where, name, known in named:
            if name is not None and name not in known:
                raise ValueError(f"{where} names {name!r}; it should be one of: {', '.join(sorted(known))}")
        return self

    def stored(self) -> dict[str, Any]:
        """The description as plain JSON values. Defaults are omitted, because another machine has another interpreter."""
        said = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for name, spec in self.servers.items():
            said["servers"][name]["kind"] = spec.kind  # Without it the other keys have no meaning.
        return said

    @property
    def stores(self) -> dict[str, Store]:
        """All its servers, by name."""
        return {**self.redis, **self.servers}

    @property
    def broker_server(self) -> str:
        """Its broker's name in faults."""
        return f"{self.stores[self.broker].kind}.{self.broker}"

    def is_server(self, target: str) -> bool:
        """Whether such a name means servers: `KIND` all of a kind, `KIND.NAME` one. `redis` always does."""
        return target.partition(".")[0] in {"redis", *(spec.kind for spec in self.stores.values())}

    def in_storms(self, *roles: str) -> list[str]:
        """The names of its components of these roles that take part in storms, in the order of the roles."""
        return [
            name for role in roles for name, spec in self.components.items() if spec.role == role and spec.in_storms
        ]

    def lacks(self, target: str) -> str:
        """Why nothing in it has this name (a component's, its role, one copy's, `KIND` or `KIND.NAME`); "" if something
        has.
        """
        kinds = sorted({spec.kind for spec in self.stores.values()})
        kind, known = (
            ("server", [*kinds, *self.server_names]) if self.is_server(target) else ("component", [*self.components])
        )
        copies = {name for component in self.components for name in self._called(component)}
        return "" if target in {*known, *copies} else f"it has no {kind} {target!r}; it has: {', '.join(sorted(known))}"

    def lacks_link(self, component: str, store: str) -> str:
        """Why there is no link between such a component and such a Redis, each a name or a pattern; "" if there is one."""
        called = [name for each in self.components for name in self._called(each)]
        for kind, pattern, names, known in (
            ("component", component, called, self.components),
            ("server", store, self.stores, self.stores),
        ):
            if not any(fnmatchcase(name, pattern) for name in names):
                return f"it has no {kind} {pattern!r}; it has: {', '.join(sorted(known))}"
        return ""

    def _called(self, component: str) -> set[str]:
        spec = self.components[component]
        return {component, spec.role, *(f"{component}-{number}" for number in range(2, spec.replicas + 1))}

    def names(self, words: str) -> bool:
        """Whether these words appear in the command or environment of any process."""
        told = [self.env, *([spec.command, spec.env] for spec in self.components.values())]
        return any(words in text for text in texts(told))

    def program(self, word: str) -> str:
        """The path of a program. A path with a slash starts in the description's folder. A bare name is looked up on
        PATH and stays as it is.
        """
        return os.path.abspath(self.folder / word) if "/" in word else word

    @property
    def server_names(self) -> list[str]:
        """The names of its servers in faults: `KIND.NAME`."""
        return [f"{spec.kind}.{name}" for name, spec in self.stores.items()]

    @property
    def effects_expected(self) -> bool:
        """Whether each submission has an effect that the harness counts."""
        return self.promises.effects == "once"
