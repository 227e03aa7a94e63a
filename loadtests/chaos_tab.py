"""The chaos tab of Locust's web page: what the system does, live; a button for each fault that it can be struck with; a verdict that runs along.

A button that kills processes is not for strangers: whoever presses it has the token that was printed at start, and comes from this page.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from stormproof.errors import UsageError
from stormproof.history import AnyEvent
from stormproof.report import board
from stormproof.report.seconds import Seconds, columns
from stormproof.session.remote import Document, Remote, RemoteError

_HERE = Path(__file__).parent / "chaos_page"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_KEPT_S = 1800
_LONGEST_S, _FURTHEST_S = 600.0, 3600.0
_TAB = {"title": "Chaos", "key": "chaos", "component": "stormproof-chaos"}
_STRANGER = "The token is missing: open the address that was printed when Locust started."


class ChaosTab:
    """Extends the page of an environment. `steer`: the socket of the system; None where somebody else has started it, and it cannot be
    struck. `folder`: where saved scenarios go.
    """

    def __init__(self, environment: Any, steer: Path | None, folder: Path) -> None:
        self._environment, self._steer, self._folder = environment, steer, folder
        self._token = secrets.token_urlsafe(16)
        self._cookie = f"stormproof-{environment.web_ui.port}"
        self._seconds, self.halted = Seconds(_KEPT_S), ""
        self._offers: list[Document] = []
        self._system = ""
        if steer is not None:
            with Remote(steer) as remote:
                self._offers, self._system = remote.ask("offers")["offers"], remote.ask("hello")["system"]
            gevent.spawn(self._watch, Remote(steer))
        self._extend(environment.web_ui, environment.parsed_options.web_base_path or "")

    def address(self, url: str) -> str:
        """Where a person opens Locust's page so that the tab can be used. `url`: of the page."""
        return f"{url}/?{urlencode({'token': self._token, 'tab': _TAB['key']})}"

    def _watch(self, remote: Remote) -> None:
        try:
            for event in remote.watch(*(str(kind.__struct_config__.tag) for kind in Seconds.KINDS)):
                self._seconds.take(msgspec.convert(event, AnyEvent))
        except RemoteError:
            pass  # The system has been stopped, and its page with it.

    def _extend(self, web_ui: Any, base: str) -> None:
        """In Locust's own ways: a blueprint for the page, an entry in `extended_tabs`, and a script behind Locust's own."""
        pages = Blueprint(
            "chaos",
            __name__,
            url_prefix=f"{base}/chaos",
            template_folder=_HERE,
            static_folder=_HERE,
            static_url_path="/static",
        )
        pages.before_request(self._refuse_strangers)
        pages.register_error_handler(RemoteError, _told)
        pages.register_error_handler(UsageError, _told)
        views: dict[str, Callable[[], Any]] = {
            "GET /": lambda: render_template("chaos.html", system=self._system),
            "GET /bokeh.js": lambda: Response(board.script(), mimetype="text/javascript"),
            "GET /plots": self._plots,
            "GET /offers": lambda: jsonify(
                [{"target": each["target"], "label": each["label"]} for each in self._offers]
            ),
            "GET /state": self._state,
            "GET /verdicts": lambda: jsonify(self._ask("judge")),
            "POST /strike": self._strike,
            "POST /heal": lambda: jsonify(self._ask("heal")),
            "POST /save": self._save,
        }
        for number, (route, view) in enumerate(views.items()):
            method, path = route.split()
            pages.add_url_rule(path, f"{method} {number}", web_ui.auth_required_if_enabled(view), methods=[method])
        web_ui.app.register_blueprint(pages)
        web_ui.app.before_request(self._let_in)
        web_ui.app.after_request(self._add_tab)
        web_ui.template_args["extended_tabs"] = [_TAB]

    # Who may

    def _let_in(self) -> Response | None:
        """Whoever knows the token has it in a cookie from then on, and not in the address any more."""
        given = request.args.get("token")
        if given is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return None
        rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != "token"])
        answer: Any = redirect(request.path + (f"?{rest}" if rest else ""))
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
        return answer  # type: ignore[no-any-return]

    def _refuse_strangers(self) -> Response | None:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return Response("This is not for other origins.", 403, mimetype="text/plain")
        if not hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._token.encode()):
            return Response(_STRANGER, 403, mimetype="text/plain")
        return None

    def _add_tab(self, answer: Response) -> Response:
        """Locust makes an element of a tab's component; what that element is, this script says."""
        if request.endpoint == "locust.index" and answer.status_code == 200:
            script = (_HERE / "tab.js").read_text()
            answer.set_data(answer.get_data(as_text=True).replace("</body>", f"<script>{script}</script></body>"))
        return answer

    # What is asked, and done

    def _ask(self, do: str, **more: Any) -> Document:
        if self._steer is None:
            raise UsageError(
                "what answers at --host was started by somebody else, and cannot be struck; leave out --host"
            )
        with Remote(self._steer) as remote:
            return remote.ask(do, **more)

    def _plots(self) -> Response:
        """In the order in which Bokeh wrote them: names are used there only after they are told."""
        return Response(json.dumps(board.live()), mimetype="application/json")

    def _state(self) -> Response:
        after = request.args.get("after", -1.0, float)
        rows = [row for row in self._seconds.rows if (row["t"] or 0.0) > after]
        runner = self._environment.runner
        return jsonify(
            rows=columns(rows),
            windows=self._seconds.lanes,
            load=runner.state,
            users=runner.user_count,
            halted=self.halted,
            steered=self._steer is not None,
        )

    def _strike(self) -> Response:
        told = _body()
        number, for_s = told.get("offer"), told.get("for_s")
        if not isinstance(number, int) or not 0 <= number < len(self._offers):
            raise UsageError(f"there is no such fault: {number!r}; reload the page")
        if not isinstance(for_s, int | float) or not 0 < for_s <= _LONGEST_S:
            raise UsageError(f"heal after {for_s!r}: name some seconds, at most {_LONGEST_S:g}")
        return jsonify(self._ask("strike", fault=self._offers[number]["fault"], for_s=for_s))

    def _save(self) -> Response:
        told = _body()
        name, last_s = told.get("name"), told.get("last_s")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a scenario; small letters, digits and _ make one")
        if not isinstance(last_s, int | float) or not 0 < last_s <= _FURTHEST_S:
            raise UsageError(f"the last {last_s!r} s: name some seconds, at most {_FURTHEST_S:g}")
        text, path = self._ask("scenario", name=name, last_s=last_s)["text"], self._folder / f"{name}.py"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise UsageError(f"{path} is there already; take another name") from None
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        return jsonify(path=str(path), text=text)

    def heal(self) -> None:
        """Heal all that was struck, if there is still somebody to be healed."""
        if self._steer is not None:
            with suppress(RemoteError):
                self._ask("heal")


def _body() -> Document:
    told = request.get_json(silent=True)
    return told if isinstance(told, dict) else {}


def _told(error: Exception) -> tuple[Response, int]:
    return jsonify(error=str(error)), 400
