"""The document of the API in OpenAPI 3.1, written from the table of operations and the schemas of what they answer.

Nothing here may describe what the table does not have.
"""

import re
from typing import Any

from p2p_gan import __version__
from p2p_gan.paint.api import API_OPERATIONS, ApiOperation

_TEXT, _WHOLE, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_MEANINGS = {
    400: "The request cannot be: a strange parameter, or a host name that is not the server's.",
    403: "It comes from a page of another origin.",
    404: "There is no such model, example or segmenter.",
    408: "The body came too slowly.",
    409: "A newer stroke of the same client has taken its place.",
    413: "The body has too many bytes, or the picture too many pixels.",
    415: "The body is not a picture of a kind that is read.",
    422: "The picture is damaged, or not an input of the model.",
    429: "Too many requests; Retry-After says for how long to wait.",
    503: "Too many requests wait already, or the server is stopping; Retry-After says when to try again.",
}
_HEADERS = {
    "X-P2P-Milliseconds": ("What reading, painting and writing took, without waiting.", _NUMBER),
    "X-P2P-Seed": ("The seed it was painted with.", _WHOLE),
    "X-P2P-Variant": ("The variant it was painted as.", _WHOLE),
    "X-P2P-Notes": ("What was changed of the picture sent: a list of sentences, as percent-encoded JSON.", _TEXT),
}


def _object(**properties: Any) -> dict[str, Any]:
    """An object with all of these and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(of: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": of, **limits}


_COLOR = _list({"type": "integer", "minimum": 0, "maximum": 255}, minItems=3, maxItems=3)
_HALF = _object(kind={"enum": ["mask", "photo", "picture"]}, name=_TEXT, channels=_WHOLE, dtype=_TEXT)
_PALETTE = _object(name=_TEXT, classes=_list(_object(name=_TEXT, color=_COLOR)), ignore_color=_COLOR)
_SCHEMAS: dict[str, dict[str, Any]] = {
    "Error": _object(error=_object(**dict.fromkeys(("where", "what", "to_do", "code"), _TEXT))),
    "Model": _object(
        **{"id": _TEXT, "name": _TEXT, "direction": _TEXT, "input": _HALF, "output": _HALF},
        palette=_or_null(_PALETTE),
        **dict.fromkeys(("size", "usual_size"), _or_null(_list(_WHOLE, minItems=2, maxItems=2))),
        fit={"enum": ["stretch", "crop", "pad", "keep"]},
        **{"unit": _WHOLE, "stochastic": {"type": "boolean"}, "digest": _TEXT},
        **{"runtime": {"enum": ["torch", "onnxruntime", "openvino"]}, "milliseconds": _NUMBER},
        **{"why_not": _or_null(_TEXT), "uploads": {"type": "boolean"}},
    ),
    "Models": _object(
        models=_list({"$ref": "#/components/schemas/Model"}),
        segmenter={"type": "boolean"},
        limits=_object(pixels=_WHOLE, bytes=_WHOLE),
    ),
    "Examples": _object(examples=_list(_object(id=_TEXT, name=_TEXT, has_photo={"type": "boolean"}))),
    "Document": {"type": "object"},
}


def api_document() -> dict[str, Any]:
    """The document, as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for each in API_OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _describe(each)
    about = "Models of p2p that paint masks. Requests from pages of other origins are refused; there is no CORS."
    return {
        "openapi": "3.1.0",
        "info": {"title": "p2p paint", "version": __version__, "description": about},
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }


def _describe(operation: ApiOperation) -> dict[str, Any]:
    parts = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*parts, *(each.to_json() for each in operation.parameters)],
        **({"requestBody": _picture()} if operation.body else {}),
        "responses": {
            "200": _answer(operation),
            **{str(each): {"description": _MEANINGS[each], "content": error} for each in sorted(operation.errors)},
        },
    }


def _picture() -> dict[str, Any]:
    about = "A picture. Where the model takes masks: an indexed PNG of class numbers with the palette, or its colours."
    kinds = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
    return {"required": True, "description": about, "content": {kind: {} for kind in kinds}}


def _answer(operation: ApiOperation) -> dict[str, Any]:
    if operation.answer == "png":
        content: dict[str, Any] = {"image/png": {}}
    else:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{operation.answer}"}}}
    headers = {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in operation.headers}
    return {"description": operation.summary, "content": content} | ({"headers": headers} if headers else {})
