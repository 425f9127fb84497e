"""The ASGI application: from a request to a screen or an act, in the name of who is logged in.

Rule: whatever goes wrong is told in words on a page, and no path, field or answer is logged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from ...events.base import OfPlace
from ...events.device import SystemAutoReset, UserLoggedOut
from ...events.sign_in import SignInCancelled, SignInFailed, SignInTimedOut
from ...events.token import SignInSucceeded
from ...machines.roles import Viewer
from ..at_the_panel import UnknownUser
from ..control.problems import AGAIN_S
from ..control.screen import ShownAtPlaces
from ..control.uploads import NoPlace, Uploads, WrongName
from ..deeds import where
from ..engine import Engine
from ..records import SealFailed, StoreFailed
from ..refusal import NotAllowed, Refused
from ..runtime import EngineFailed, EngineStopped
from ..submitting import UnknownJob
from ..watchers import Unit
from ..words import Spoken, capital
from . import forms, front, served
from .access import Access, ByPassword, Tries
from .face import Face
from .forms import Form, FormForeign, FormUnreadable, Takes
from .guard import Guard
from .here import Answer, Here, Keep, NothingThere, Shows
from .layout import around, message_of
from .live import Live
from .look import rendered
from .sessions import COOKIE, Ended, Session, Sessions
from .table import ACTS, SCREENS, Act, Screen
from .updates import EVENTS, OVER, Updates

ENDS = (SignInSucceeded, SignInCancelled, SignInFailed, SignInTimedOut)
LEAVES = (UserLoggedOut, SystemAutoReset)
"Whoever stood at the place."
STATUSES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((NothingThere, UnknownJob, UnknownUser), 404),
    ((NotAllowed, FormForeign), 403),
    ((FormUnreadable, WrongName), 400),
    ((NoPlace,), 413),
    ((StoreFailed, SealFailed, EngineStopped, EngineFailed), 503),
)
"What people can bring about."
log = logging.getLogger("franking")


class Panel:
    """The screens of one face."""

    def __init__(
        self,
        engine: Engine,
        screen: ShownAtPlaces,
        face: Face,
        uploads: Uploads,
        access: Access | None = None,
        keep: Keep | None = None,
    ) -> None:
        """`access`: who may log in; left out, those whose passwords the settings name. `keep`: writes changed
        settings where the next start finds them; left out, they hold until the engine ends.
        """
        self.engine, self.screen, self.face, self.uploads, self.keep = engine, screen, face, uploads, keep
        self.access = access or ByPassword(lambda: engine.settings, engine.kept_secrets)
        self.tries = Tries(engine.clock)
        self.live = Live(engine, self.screen_of)
        self.sessions = Sessions(engine, face, self.gone)
        self.routes = [Route(each.path, endpoint=served.nothing, name=each.template) for each in SCREENS]
        self.screens = dict(zip((each.path for each in SCREENS), SCREENS, strict=True))
        engine.runtime.watchers.add(self.heard, *ENDS, *LEAVES)
        self.away = screen.on_news(self.live.news.set)
        "An address and a code come after the fact that asked for them, and are none themselves."

    def close(self) -> None:
        self.live.stop()
        self.away()
        self.engine.runtime.watchers.remove(self.heard)

    def app(self) -> ASGIApp:
        routes = [
            *(Route(path, serve(self), methods=["GET"]) for path, serve in served.FILES.items()),
            Route("/log-in", self.asks, methods=["GET"]),
            Route("/log-in", self.logs_in, methods=["POST"]),
            Route("/live", self.updates, methods=["GET"]),
            Route("/touch", self.touched, methods=["POST"]),
            *(Route(each.path, self.acting(each), methods=["POST"]) for each in ACTS),
            *(Route(each.path, self.showing(each), methods=["GET"]) for each in SCREENS),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: self.refused})
        app.router.redirect_slashes = False
        return Guard(app, lambda: self.engine.settings.page.hosts, lambda: self.engine.words)

    # Who asks

    @property
    def cookie_name(self) -> str:
        return f"franking-{self.face.value}"

    def cookie(self, request: Request) -> str:
        return request.cookies.get(self.cookie_name, "")

    def session(self, request: Request) -> Session | None:
        return self.sessions.found(self.cookie(request))

    def here(self, session: Session, path: Mapping[str, str], query: QueryParams) -> Here:
        view = self.engine.view(session.viewer)
        return Here(
            self.engine, self.face, session, view, self.screen, self.uploads, self.live.transfers, self.keep,
            path, query,
        )  # fmt: skip

    def answer_with_cookie(self, answer: Response, request: Request, cookie: str) -> Response:
        answer.set_cookie(
            self.cookie_name,
            cookie,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    # Screens

    def showing(self, screen: Screen) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return RedirectResponse("/log-in", 303)
            here = self.here(session, request.path_params, request.query_params)
            await self.touch(session)
            try:
                return HTMLResponse(self.page(here, screen, request.url.path))
            except Exception as error:  # noqa: BLE001 - told on a page; what has no row there is logged as a fault
                return self.wrong(error, here, request.url.path)

        return show

    def page(self, here: Here, screen: Screen, path: str) -> str:
        """Raises NothingThere, and what the view raises."""
        if here.viewer.role not in screen.roles:
            raise NothingThere
        return self.drawn(here, screen.template, screen.shows(here), path, whole=True)

    def drawn(self, here: Here, template: str, context: Mapping[str, Any], path: str, *, whole: bool) -> str:
        guard = self.sessions.guard(here.session.cookie)
        message = message_of(here) if whole else None
        return rendered(
            template, {**around(here, guard, path), **context, "whole": whole, "message": message}
        )

    def screen_of(self, session: Session, address: str) -> str | None:
        """The same without what is around it, for a page that is open; empty: there is none, and None: nobody
        is logged in there.
        """
        if self.sessions.found(session.cookie) is None:
            return None
        try:
            split = urlsplit(address)
        except ValueError:
            return ""
        for route in self.routes:
            scope = {"type": "http", "method": "GET", "path": split.path, "headers": []}
            match, found = route.matches(scope)
            if match is Match.FULL:
                screen = self.screens[route.path]
                here = self.here(session, found["path_params"], QueryParams(split.query))
                return self.still_shown(here, screen, split.path)
        return ""

    def still_shown(self, here: Here, screen: Screen, path: str) -> str:
        """Empty: what it showed is not there any more, and the page stays as it is."""
        if here.viewer.role not in screen.roles:
            return ""
        try:
            return self.drawn(here, screen.template, screen.shows(here), path, whole=False)
        except Spoken:
            return ""

    async def updates(self, request: Request) -> Response:
        session = self.session(request)
        address = request.query_params.get("at", "/")
        if session is None:  # it ended before the page could listen
            return Response(OVER, media_type=EVENTS)
        if not self.live.has_room(session):
            return Response(status_code=429)
        return Updates(self.live, session, address)

    # Acts

    def acting(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def do(request: Request) -> Response:
            cookie, session = self.cookie(request), self.session(request)
            if session is None:
                return RedirectResponse("/log-in?over=1", 303)
            here = self.here(session, request.path_params, request.query_params)
            await self.touch(session)
            try:
                if here.viewer.role not in act.roles:
                    raise NothingThere
                takes = Takes(self.uploads, session.viewer) if act.brings else None
                form = await forms.read(request, lambda given: self.sessions.guards(cookie, given), takes)
                if self.session(request) is not session:  # it was long under way
                    forms.forget(form, takes)
                    return RedirectResponse("/log-in?over=1", 303)
                return self.answered(here, await self.done(act, here, form, takes), request.url.path)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:  # noqa: BLE001 - told on a page; what has no row there is logged as a fault
                return self.wrong(error, here, request.url.path)

        return do

    async def done(self, act: Act, here: Here, form: Form, takes: Takes | None) -> Answer:
        """Files wait only for a form that is shown once more."""
        try:
            return await act.does(here, form)
        except BaseException:
            forms.forget(form, takes)
            raise

    def answered(self, here: Here, answer: Answer, path: str) -> Response:
        if isinstance(answer, Shows):
            text = self.drawn(here, answer.template, answer.context, path, whole=True)
            return HTMLResponse(text, answer.status)
        gone = self.sessions.found(here.session.cookie) is None and not answer.startswith("/log-in")
        return RedirectResponse("/log-in" if gone else answer, 303)

    def wrong(self, error: Exception, here: Here, path: str) -> Response:
        status = next((status for kinds, status in STATUSES if isinstance(error, kinds)), 0)
        if not status and isinstance(error, Spoken | Refused):
            status = 422
        if isinstance(error, Refused):
            text = f"{error.what}."
        else:
            text = self.engine.words.error(error) if status else self.engine.words.say("panel.fault")
        if not status:
            log.error("a screen met a fault of the program: %s", where(error))
        if isinstance(error, UnknownJob | NotAllowed):
            text = self.engine.words.say("panel.nothing")
        context = {
            "wrong": capital(text),
            "rules": here.refusals(error.rules) if isinstance(error, Refused) else (),
            "title": self.engine.words.say("panel.wrong.title"),
        }
        answer: Response
        try:
            answer = HTMLResponse(self.drawn(here, "wrong", context, path, whole=True), status or 500)
        except Exception as fault:  # noqa: BLE001 - what is around a page needs the store, which may be what fails
            log.error("a page cannot be drawn: %s", where(fault))
            answer = PlainTextResponse(f"{context['wrong']}\n", status or 500)
        if status == 503:
            answer.headers["Retry-After"] = f"{AGAIN_S}"
        return answer

    async def refused(self, request: Request, error: Exception) -> Response:
        """What the routes refuse: another path, another method."""
        session = self.session(request)
        if session is None:
            return RedirectResponse("/log-in", 303)
        return self.wrong(NothingThere(), self.here(session, {}, request.query_params), request.url.path)

    # Coming and going

    async def asks(self, request: Request) -> Response:
        """Who is there?"""
        if self.session(request) is not None:
            return RedirectResponse("/", 303)
        query = request.query_params
        return self.door(request, over="over" in query, bye=query.get("bye", ""))

    def door(self, request: Request, status: int = 200, **shown: Any) -> Response:
        cookie = self.cookie(request)
        if COOKIE.fullmatch(cookie) is None:
            cookie = self.sessions.new_cookie()
        context = front.door(self.engine, self.face, self.sessions.guard(cookie), **shown)
        return self.answer_with_cookie(HTMLResponse(rendered("log_in", context), status), request, cookie)

    async def logs_in(self, request: Request) -> Response:
        cookie = self.cookie(request)
        try:
            form = await forms.read(request, lambda given: self.sessions.guards(cookie, given))
        except (FormForeign, FormUnreadable) as error:
            return self.door(request, 403, wrong=self.engine.words.error(error))
        return await self.admits(request, form)

    async def admits(self, request: Request, form: Form) -> Response:
        address = request.client.host if request.client else ""
        entered = await front.entered(self, form, address)
        if isinstance(entered, front.KeptOut):
            answer = self.door(request, entered.status, wrong=entered.why, login=form.one("login"))
            if entered.again_s:
                answer.headers["Retry-After"] = f"{entered.again_s}"
            return answer
        await self.leaves(self.session(request), entered)
        return self.answer_with_cookie(RedirectResponse("/", 303), request, entered.cookie)

    async def leaves(self, former: Session | None, entered: Session) -> None:
        """Whoever was logged in with the browser with which another person logs in now."""
        if former is not None and former.place != entered.place:
            try:
                await self.engine.log_out(former.place)
            except (StoreFailed, EngineStopped, EngineFailed) as error:
                log.error("a log-out is not noted: %s", type(error).__name__)
            self.sessions.drop(former)

    async def stands(self, viewer: Viewer) -> Session:
        """Somebody whose password was right stands at a place now. Raises TooManyPeople, StoreFailed."""
        session = self.sessions.opened(viewer)
        await front.told(self.engine, session)
        self.sessions.keep(session)
        return session

    async def touched(self, request: Request) -> Response:
        session, cookie = self.session(request), self.cookie(request)
        if session is None or not self.sessions.guards(cookie, request.headers.get("x-guard", "")):
            return Response(status_code=403)
        await self.touch(session)
        return Response(status_code=204)

    async def touch(self, session: Session) -> None:
        """Whoever asks for something is there."""
        try:
            await asyncio.shield(self.engine.touch(session.place))
        except (StoreFailed, EngineStopped, EngineFailed) as error:
            log.error("a touch of the panel is not noted: %s", type(error).__name__)

    def heard(self, unit: Unit) -> None:
        for fact in unit.played.lines:
            session = self.sessions.at(fact.place) if isinstance(fact, OfPlace) else None
            if session is None:
                continue
            if isinstance(fact, LEAVES):
                self.sessions.drop(session)
            elif isinstance(fact, ENDS):
                right, identity = getattr(fact, "right", False), getattr(fact, "identity", "")
                session.ended = Ended(type(fact).__name__, right, identity)

    def gone(self, session: Session) -> None:
        """His pages are told, and the files that he brought are forgotten."""
        self.live.over(session)
        if not any(each.viewer == session.viewer for each in self.sessions.by_cookie.values()):
            for number in [number for number, each in self.uploads.kept.items() if each.of == session.viewer]:
                self.uploads.forget(number)
