"""Corrects the responses to errors in FastAPI's OpenAPI document."""

from typing import Any

from fastapi import FastAPI

from core.service.problems import PROBLEM_JSON, title


def document_problems(app: FastAPI) -> None:
    """Documents the error responses as `application/problem+json`."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path in document["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if int(status) < 400:
                        continue
                    # Python's versions, which FastAPI asks, differ in their words for a status.
                    response["description"] = title(int(status))
                    if "application/json" in response["content"]:
                        response["content"] = {
                            PROBLEM_JSON: response["content"]["application/json"]
                        }
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
