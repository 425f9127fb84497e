"""The ASGI application behind the socket: from a request to the caller's view, and back as JSON.

Rule: what a request brings is checked whole before anything is done, and whatever goes wrong is said as a
problem; no request's path, body or answer is logged.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ..engine import Engine
from .messages import Messages
from .operations import OPERATIONS
from .peers import Peer, viewer_of
from .problems import problem, said
from .requests import NUMBERS, Call, Operation
from .screen import ShownAtPlaces
from .shapes import shaped
from .uploads import Uploads

BODY_MOST = 1 << 20
"Octets of a request that is no file."
LINES = "application/x-ndjson"
Handler = Callable[[Request], Awaitable[Response]]


class TooLong(Exception):
    """The request's body."""


class NoJson(Exception):
    """A number in the request's body is longer than any number is."""


class Control:
    def __init__(
        self, engine: Engine, screen: ShownAtPlaces, uploads: Uploads, over: Callable[[], None]
    ) -> None:
        self.engine, self.screen, self.uploads, self.over = engine, screen, uploads, over
        self.messages = Messages(engine)

    def app(self) -> Starlette:
        routes = [
            Route(path_of(operation), self.serving(operation), methods=[operation.method])
            for operation in OPERATIONS
        ]
        routes.append(Route("/openapi.json", self.description, methods=["GET"]))
        app = Starlette(routes=routes, exception_handlers={HTTPException: self.refused})
        app.router.redirect_slashes = False
        return app

    def serving(self, operation: Operation) -> Handler:
        async def serve(request: Request) -> Response:
            try:
                found = await operation.run(await self.call(operation, request))
            except ClientDisconnect:
                return Response(status_code=400)
            except TooLong:
                return said(413, "too-long", self.engine.words.say("control.too-long", most=BODY_MOST))
            except json.JSONDecodeError as error:
                return said(400, "no-json", self.engine.words.say("control.no-json", at=error.pos))
            except (NoJson, UnicodeDecodeError, RecursionError):
                return said(400, "no-json", self.engine.words.say("control.no-json", at=0))
            except Exception as error:  # noqa: BLE001 - told as a problem; what has no row there is logged as a fault
                return problem(error, self.engine.words)
            if operation.lines:
                return StreamingResponse(encoded(found), media_type=LINES)  # type: ignore[arg-type]
            if operation.text:
                return Response(found, media_type=operation.text)
            if operation.gives is None:
                return Response(status_code=204)
            return JSONResponse(shaped(found), 201 if operation.method == "POST" else 200)

        return serve

    async def call(self, operation: Operation, request: Request) -> Call:
        """Raises TooLong, NoJson, JSONDecodeError, UnicodeDecodeError, ValidationError, NotThere."""
        peer: Peer = request.state.peer
        viewer = viewer_of(peer, self.engine.settings.control)
        query = checked_query(operation, dict(request.query_params))
        body = None
        if operation.body is not None:
            body = checked(operation.body, await whole(request))
        return Call(
            viewer,
            self.engine.view(viewer),
            dict(request.path_params),
            query,
            body,
            request.stream(),
            self.uploads,
            self.screen,
            self.engine.folder.absolute(),
            partial(self.messages.take, peer, viewer),
            self.over,
        )

    async def description(self, request: Request) -> Response:
        from .openapi import described

        return JSONResponse(await asyncio.to_thread(described))

    async def refused(self, request: Request, error: Exception) -> Response:
        """What the routes refuse: another path, another method."""
        words = self.engine.words
        if isinstance(error, HTTPException) and error.status_code == 405:
            answer = said(405, "method", words.say("control.method"))
            answer.headers.update(error.headers or {})
            return answer
        return said(404, "nothing", words.say("control.nothing"))


def path_of(operation: Operation) -> str:
    """As the routes have it."""
    path = operation.path
    for name in NUMBERS:
        path = path.replace(f"{{{name}}}", f"{{{name}:int}}")
    return path


def checked_query(operation: Operation, given: dict[str, str]) -> dict[str, str]:
    """Raises ValidationError."""
    from .openapi import query_model

    model = query_model(operation)
    return {name: str(value) for name, value in model.model_validate(given) if value is not None}


async def whole(request: Request) -> Any:
    """Raises TooLong, NoJson, JSONDecodeError, UnicodeDecodeError, RecursionError."""
    octets = bytearray()
    async for block in request.stream():
        octets += block
        if len(octets) > BODY_MOST:
            raise TooLong
    text = octets.decode()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise NoJson from None


def checked(model: type[BaseModel], found: Any) -> BaseModel:
    """Raises ValidationError. From JSON again, for the models take more from Python than JSON may say."""
    return model.model_validate_json(json.dumps(found))


async def encoded(items: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for item in items:
        yield b"\n" if item is None else json.dumps(shaped(item)).encode() + b"\n"
