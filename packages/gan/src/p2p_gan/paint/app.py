"""Answers requests: the page's files, and each operation of the API, as an application that a server of ASGI runs.

Nothing here may compute in the thread that answers, or look for a file by a name that a request gives.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.paint.api import API_OPERATIONS, RETRY_AFTER, ApiOperation, error_json, status_of
from p2p_gan.paint.bodies import BodyRoom
from p2p_gan.paint.examples import MaskExamples, find_examples
from p2p_gan.paint.guard import App, Guard
from p2p_gan.paint.openapi import api_document
from p2p_gan.paint.page_files import INDEX, PageFile, read_page_files
from p2p_gan.paint.painters import Painter, PngAnswer, Stroke, can_segment, segmenter_for
from p2p_gan.paint.queue import PaintQueue
from p2p_gan.paint.uploads import MOST_BYTES, MOST_PIXELS_SENT, explain_upload

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_NO_STORE = {"cache-control": "no-store"}
Handler = Callable[["Request"], Awaitable["Response"]]


@dataclass(frozen=True)
class PaintService:
    """The models that are served, the masks to begin with for each by its id, and the queue before the computing."""

    painters: Sequence[Painter]
    examples: Mapping[str, MaskExamples]
    queue: PaintQueue
    report: Reporter = QUIET
    room: BodyRoom = field(default_factory=BodyRoom)

    def painter(self, name: str) -> Painter:
        """The model of an id; raises P2PError if there is none."""
        for each in self.painters:
            if each.id == name:
                return each
        to_do = "Ask /api/models for those there are."
        raise P2PError(f"the model {name[:20]}", "is not one of this server", to_do, code="unknown-model")

    def stop(self) -> None:
        """Refuse what comes, waits or is being sent; what is being computed may still be answered."""
        self.queue.stop()
        self.room.stop()

    async def models(self, request: "Request", values: dict[str, Any]) -> "Response":
        """GET /api/models."""
        limits = {"pixels": MOST_PIXELS_SENT, "bytes": MOST_BYTES}
        finds = any(can_segment(each.card) for each in self.painters)
        return _json({"models": [each.to_json() for each in self.painters], "segmenter": finds, "limits": limits})

    async def list_examples(self, request: "Request", values: dict[str, Any]) -> "Response":
        """GET /api/models/ID/examples."""
        painter = self.painter(request.path_params["id"])
        return _json({"examples": self.examples[painter.id].to_json()})

    async def example_mask(self, request: "Request", values: dict[str, Any]) -> "Response":
        """GET /api/models/ID/examples/N/mask.png."""
        return await self._example(request, photo=False)

    async def example_photo(self, request: "Request", values: dict[str, Any]) -> "Response":
        """GET /api/models/ID/examples/N/photo.png."""
        return await self._example(request, photo=True)

    async def paint(self, request: "Request", values: dict[str, Any]) -> "Response":
        """POST /api/paint."""
        painter = self.painter(values["model"])
        stroke = Stroke(values["seed"], values["variant"], values["size"], values["dropout"] == "on")
        answer = await self._compute(
            request, lambda data: painter.paint(data, stroke), client=values["client"], stroke=values["stroke"]
        )
        headers = {"x-p2p-milliseconds": f"{answer.milliseconds:.1f}"}
        headers |= {"x-p2p-seed": str(stroke.seed), "x-p2p-variant": str(stroke.variant)}
        return _png(answer, headers)

    async def read_mask(self, request: "Request", values: dict[str, Any]) -> "Response":
        """POST /api/mask."""
        return _png(await self._compute(request, self.painter(values["model"]).read_mask))

    async def segment(self, request: "Request", values: dict[str, Any]) -> "Response":
        """POST /api/segment."""
        asked = self.painter(values["model"])
        segmenter = segmenter_for(self.painters, asked)
        if segmenter is None:
            what, to_do = (
                "has no model beside it that finds its classes in photos",
                "Name one when starting the server.",
            )
            raise P2PError(f"the model {asked.name}", what, to_do, code="no-segmenter")
        return _png(await self._compute(request, segmenter.segment))

    async def openapi(self, request: "Request", values: dict[str, Any]) -> "Response":
        """GET /api/openapi.json."""
        return _json(api_document())

    async def _example(self, request: "Request", *, photo: bool) -> "Response":
        from starlette.concurrency import run_in_threadpool

        examples = self.examples[self.painter(request.path_params["id"]).id]
        data = await run_in_threadpool(examples.read, request.path_params["number"], photo=photo)
        return _png(PngAnswer(data))

    async def _compute(
        self, request: "Request", work: Callable[[bytes], PngAnswer], *, client: str = "", stroke: int = 0
    ) -> PngAnswer:
        """The result of work on the request's body, which is not read where the queue has no room for it."""
        self.queue.refuse(client=client, stroke=stroke)
        async with self.room.read(request) as data:
            return await self._result_of(request, lambda: work(data), client, stroke)

    async def _result_of(
        self, request: "Request", work: Callable[[], PngAnswer], client: str, stroke: int
    ) -> PngAnswer:
        """The result of work in the queue, from which it is taken when the client has gone.

        What is being done cannot be taken back: its end is waited for, since until then it holds the request's body.
        """
        from starlette.requests import ClientDisconnect

        loop = asyncio.get_running_loop()
        result: asyncio.Future[PngAnswer] = loop.create_future()
        take_back = self.queue.submit(work, partial(_finish, loop, result), client=client, stroke=stroke)
        gone = asyncio.ensure_future(_wait_until_gone(request))
        try:
            await asyncio.wait((result, gone), return_when=asyncio.FIRST_COMPLETED)
            if not result.done():
                if not take_back():
                    await asyncio.wait((result,))
                raise ClientDisconnect
            return result.result()
        finally:
            take_back()
            gone.cancel()
            del take_back, result  # they hold the error, which holds this frame and the body: garbage of 32 MiB


def build_app(service: PaintService, *, page: bool = True, names: Sequence[str] = (), rate: float | None = None) -> App:
    """The application: the API, and with `page` the page; `names` are the hosts that may be asked for beside numbers.

    `rate` limits the requests a second of one address that compute.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    handlers: dict[str, Callable[[Request, dict[str, Any]], Awaitable[Response]]] = {
        **{"models": service.models, "examples": service.list_examples, "openapi": service.openapi},
        **{"example-mask": service.example_mask, "example-photo": service.example_photo},
        **{"paint": service.paint, "mask": service.read_mask, "segment": service.segment},
    }
    routes = [
        Route(each.path, _handler_of(each, handlers[each.name], service.report), methods=[each.method])
        for each in API_OPERATIONS
    ]
    if page:
        files = read_page_files()
        routes += [
            Route("/" if each.name == INDEX else f"/page/{each.name}", _file_handler(each)) for each in files.values()
        ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse_unknown})
    app.router.redirect_slashes = False
    limits = {} if rate is None else {"rate": rate, "burst": 2 * rate}
    return Guard(app, names, **limits)


def examples_of(painters: Sequence[Painter], report: Reporter = QUIET) -> dict[str, MaskExamples]:
    """The masks to begin with for each model, by its id."""
    return {each.id: find_examples(each.run, each.card, report) for each in painters}


def _handler_of(
    operation: ApiOperation, handle: Callable[["Request", dict[str, Any]], Awaitable["Response"]], report: Reporter
) -> Handler:
    """A handler that reads the operation's parameters first, and answers with every error."""

    async def answer(request: "Request") -> "Response":
        from starlette.requests import ClientDisconnect
        from starlette.responses import Response

        try:
            return await handle(request, operation.read(request.query_params.multi_items(), request.headers))
        except P2PError as error:
            return _error(explain_upload(error))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except MemoryError:
            what, to_do = "has too little memory for this picture", "Send a smaller one."
            return _error(P2PError("the server", what, to_do, code="busy"))
        except Exception as error:  # a mistake of ours must neither end the server nor show its inside
            report.note(f"{operation.path}: {type(error).__name__}: {error}")
            what, to_do = "has made a mistake with this request", "Report it with what the server has printed."
            return _error(P2PError("the server", what, to_do, code="internal"), status=500)

    return answer


def _file_handler(file: PageFile) -> Handler:
    async def answer(request: "Request") -> "Response":
        from starlette.responses import Response

        # Asked for each time, and sent if it is another: after an upgrade no old script meets a new server.
        headers = {"etag": file.etag, "cache-control": "no-cache"}
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.media_type, headers=headers)

    return answer


async def _refuse_unknown(request: "Request", error: Any) -> "Response":
    """For a path that there is not, and for a method that a path does not take."""
    if error.status_code == 405:
        what, to_do = f"does not take {request.method}", "See /api/openapi.json."
        told = P2PError("the address", what, to_do, code="wrong-method")
    else:
        told = P2PError("the address", "is none of this server", "See /api/openapi.json.", code="no-page")
    response = _error(told)
    response.headers.update(error.headers or {})
    return response


async def _wait_until_gone(request: "Request") -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _finish(
    loop: asyncio.AbstractEventLoop, result: "asyncio.Future[PngAnswer]", value: Any, error: BaseException | None
) -> None:
    """Settle the result, from another thread."""
    with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
        loop.call_soon_threadsafe(_settle, result, value, error)


def _settle(result: "asyncio.Future[PngAnswer]", value: Any, error: BaseException | None) -> None:
    if result.done():  # nobody waits for it any more
        return
    if error is None:
        result.set_result(value)
    else:
        result.set_exception(error)
        result.exception()  # is known now, even if nobody asks


def _png(answer: PngAnswer, headers: Mapping[str, str] | None = None) -> "Response":
    from starlette.responses import Response

    notes = {"x-p2p-notes": quote(json.dumps(answer.notes))} if answer.notes else {}
    return Response(answer.data, media_type="image/png", headers={**_NO_STORE, **notes, **(headers or {})})


def _json(value: Any) -> "Response":
    from starlette.responses import JSONResponse

    return JSONResponse(value, headers=_NO_STORE)


def _error(error: P2PError, status: int | None = None) -> "Response":
    from starlette.responses import JSONResponse

    status = status or status_of(error)
    headers = _NO_STORE | ({"retry-after": RETRY_AFTER[status]} if status in RETRY_AFTER else {})
    return JSONResponse(error_json(error), status, headers)
