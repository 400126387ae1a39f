"""The table of what can be asked of the server: each operation with its parameters, body, answer and errors.

Nothing here may answer a request; the routes, the checks of what comes and the document at /api/openapi.json follow it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from p2p_datatools.contract.errors import P2PError, UsageError

_MOST_SEED = 2**53 - 1  # what a number of JavaScript holds exactly


@dataclass(frozen=True)
class QueryParameter:
    """A parameter of a request: a whole number from `low` to `high`, or text of a `pattern`; may come in a `header`.

    `default` stands where it is missing or empty; None: it has to be there, if `required`. `wanted` says in an error
    what text is, instead of the pattern.
    """

    name: str
    meaning: str
    kind: Literal["integer", "string"] = "string"
    default: int | str | None = None
    low: int = 0
    high: int = _MOST_SEED
    pattern: str = ""
    required: bool = False
    header: str = ""
    wanted: str = ""

    def read(self, text: str) -> int | str:
        """The value of a text; raises UsageError for one that it may not have."""
        if self.kind == "integer":
            if re.fullmatch(r"[0-9]{1,16}", text) and self.low <= int(text) <= self.high:
                return int(text)
            wanted = f"a whole number from {self.low} to {self.high}"
        else:
            if re.fullmatch(self.pattern, text):
                return text
            wanted = self.wanted or f"text of the form {self.pattern}"
        what = f"has the value {text[:40]!r}"
        raise UsageError(f"the parameter {self.name}", what, f"Give {wanted}.", code="bad-parameter")

    def to_json(self) -> dict[str, Any]:
        """The parameter as OpenAPI describes it."""
        schema: dict[str, Any] = {"type": self.kind}
        if self.kind == "integer":
            schema |= {"minimum": self.low, "maximum": self.high}
        else:
            schema |= {"pattern": f"^(?:{self.pattern})$"}
        if self.default is not None:
            schema |= {"default": self.default}
        meaning = f"{self.meaning} The header {self.header} may say it instead." if self.header else self.meaning
        found = {"name": self.name, "in": "query", "description": meaning, "schema": schema}
        return found | ({"required": True} if self.required else {})


@dataclass(frozen=True)
class ApiOperation:
    """One thing that can be asked for: `answer` is the name of a schema, or png; `errors` are statuses it may have.

    `path` has the names of its variable parts in braces; `body` says that a picture is sent. Every operation may also
    answer with what the guard of the server refuses.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    answer: str
    parameters: tuple[QueryParameter, ...] = ()
    errors: tuple[int, ...] = ()
    body: bool = False
    headers: tuple[str, ...] = ()

    def read(self, query: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> dict[str, Any]:
        """The values of all parameters; raises UsageError for a strange, repeated, missing or impossible one."""
        known, found = {each.name: each for each in self.parameters}, dict[str, Any]()
        for name, text in query:
            if name not in known or name in found:
                what = "is given twice" if name in found else f"is not one of {self.path}"
                to_do = f"It has {', '.join(known) or 'none'}."
                raise UsageError(f"the parameter {name[:40]}", what, to_do, code="unknown-parameter")
            found[name] = text
        return {each.name: self._read(each, found.get(each.name, ""), headers) for each in self.parameters}

    def _read(self, parameter: QueryParameter, text: str, headers: Mapping[str, str]) -> int | str | None:
        text = text or (headers.get(parameter.header, "") if parameter.header else "")
        if text:
            return parameter.read(text)
        if parameter.required:
            to_do = f"Add ?{parameter.name}=... to the address."
            raise UsageError(f"the parameter {parameter.name}", "is missing", to_do, code="missing-parameter")
        return parameter.default


_MODEL = QueryParameter(
    "model",
    "The id of a model, as /api/models lists it.",
    pattern="[a-z0-9]{1,8}",
    required=True,
    wanted="one of the ids that /api/models lists, such as m0",
)
_HOW = (
    QueryParameter("seed", "The seed of dropout and noise.", "integer", 0),
    QueryParameter("variant", "Which variant of this seed.", "integer", 1, low=1, high=10**6),
    QueryParameter(
        "size",
        "The size that the network sees: native, N or WIDTHxHEIGHT, in multiples of the model's unit; by default that "
        "of its training. The answer has the size of the input.",
        pattern=r"native|[0-9]{1,5}(x[0-9]{1,5})?",
    ),
    QueryParameter("dropout", "off switches dropout and noise off.", default="on", pattern="on|off"),
    QueryParameter(
        "client",
        "A name that a client makes up for itself: of its requests only the newest stroke waits.",
        default="",
        pattern="[A-Za-z0-9_-]{1,64}",
        header="x-p2p-client",
    ),
    QueryParameter(
        "stroke",
        "A number that grows with each stroke of a client: a greater one replaces what waits, which gets 409.",
        "integer",
        0,
        header="x-p2p-stroke",
    ),
)
_SENT = (400, 403, 404, 408, 413, 415, 422, 429, 503)
API_OPERATIONS = (
    ApiOperation("models", "GET", "/api/models", "The models, and what the server takes.", "Models", errors=(400, 403)),
    ApiOperation(
        "examples",
        "GET",
        "/api/models/{id}/examples",
        "Masks to begin with: pairs that the model's run held out, if they are still there.",
        "Examples",
        errors=(400, 403, 404),
    ),
    ApiOperation(
        "example-mask",
        "GET",
        "/api/models/{id}/examples/{number}/mask.png",
        "The mask of an example: an indexed PNG whose numbers are classes.",
        "png",
        errors=(400, 403, 404, 422),
    ),
    ApiOperation(
        "example-photo",
        "GET",
        "/api/models/{id}/examples/{number}/photo.png",
        "The real photo of an example.",
        "png",
        errors=(400, 403, 404, 422),
    ),
    ApiOperation(
        "paint",
        "POST",
        "/api/paint",
        "Paint a picture: the pixels that `p2p sample` writes for the same picture, seed and variant.",
        "png",
        (_MODEL, *_HOW),
        (*_SENT, 409),
        body=True,
        headers=("X-P2P-Milliseconds", "X-P2P-Seed", "X-P2P-Variant", "X-P2P-Notes"),
    ),
    ApiOperation(
        "mask",
        "POST",
        "/api/mask",
        "Read a picture as a mask of the model's palette, its blended colours brought back to those of the classes.",
        "png",
        (_MODEL,),
        _SENT,
        body=True,
        headers=("X-P2P-Notes",),
    ),
    ApiOperation(
        "segment",
        "POST",
        "/api/segment",
        "Find the mask of a photo by a segmenter with the model's classes, if the server has one.",
        "png",
        (_MODEL,),
        _SENT,
        body=True,
        headers=("X-P2P-Notes",),
    ),
    ApiOperation("openapi", "GET", "/api/openapi.json", "This document.", "Document", errors=(400, 403)),
)

# The HTTP status of an error by its code. Of others the request was wrong (400), if a UsageError, or the picture (422).
_STATUS = {
    **{"other-origin": 403, "unknown-model": 404, "no-example": 404, "no-segmenter": 404, "no-page": 404},
    **{"wrong-method": 405, "slow-upload": 408, "stale": 409},
    **{"large-upload": 413, "large-picture": 413, "too-many-pixels": 413, "picture-bomb": 413},
    **{"unread-picture": 415, "wrong-type": 415, "too-fast": 429},
    **{"busy": 503, "stopping": 503, "other-host": 400, "empty-body": 400},
}

RETRY_AFTER = {429: "1", 503: "1"}
"""The seconds after which a request may be sent again, by the status of the error."""


def status_of(error: P2PError) -> int:
    """The HTTP status that an error has."""
    return _STATUS.get(error.code, 400 if isinstance(error, UsageError) else 422)


def error_json(error: P2PError) -> dict[str, Any]:
    """An error as the body of an answer."""
    return {"error": {"where": error.where, "what": error.what, "to_do": error.to_do, "code": error.code}}
