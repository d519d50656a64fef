"""What /openapi.json says of each door, held against the doors themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

DOORS = {
    ("post", "/v1/ask"), ("post", "/v1/ask:batch"), ("post", "/v1/search"), ("post", "/v1/chat/completions"),
    ("get", "/v1/models"), ("get", "/v1/models/{model}"), ("post", "/v1/feedback"),
    ("delete", "/v1/feedback/{answer_id}"), ("get", "/v1/documents"), ("get", "/v1/documents/{doc_id}"),
    ("get", "/documents/{doc_id}"), ("get", "/v1/index"), ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"),
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def doors(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, door in methods.items():
            yield method, path, door


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        found: dict[str, Any] = schema["components"]["schemas"][name]
        return found
    return part


def validate(schema: dict[str, Any], part: dict[str, Any], example: Any) -> None:
    jsonschema.validate(example, {**part, "components": schema["components"]})


def test_every_door_is_described_in_words(schema: dict[str, Any]) -> None:
    described = {(method, path) for method, path, _ in doors(schema)}
    assert described >= DOORS
    for method, path, door in doors(schema):
        assert door["summary"], (method, path)
        assert door["description"], (method, path)
        assert door["tags"], (method, path)
    names = {tag["name"] for tag in schema["tags"]}
    assert {tag for _, _, door in doors(schema) for tag in door["tags"]} <= names


def test_json_that_doors_take_and_give_has_valid_examples(schema: dict[str, Any]) -> None:
    without = []
    for method, path, door in doors(schema):
        bodies = [("request", door["requestBody"]["content"])] if "requestBody" in door else []
        bodies += [(status, response.get("content", {})) for status, response in door["responses"].items()]
        for what, content in bodies:
            for kind, media in content.items():
                if kind not in {"application/json", "application/problem+json"}:
                    continue
                named = [example["value"] for example in media.get("examples", {}).values()]
                examples = named or resolved(schema, media["schema"]).get("examples", [])
                if not examples:
                    without.append((method, path, what))
                for example in examples:
                    validate(schema, media["schema"], example)
    assert without == []


def test_problems_of_every_door_name_pages_that_explain_them(schema: dict[str, Any], client: Any) -> None:
    types = set()
    for method, path, door in doors(schema):
        for status, response in door["responses"].items():
            if status < "400":
                continue
            assert list(response["content"]) == ["application/problem+json"], (method, path, status)
            for example in response["content"]["application/problem+json"]["examples"].values():
                assert example["value"]["status"] == int(status)
                types.add(example["value"]["type"])
    listed = client.get("/problems").text
    for address in sorted(types):
        assert client.get(address).status_code == 200
        assert f'href="{address}"' in listed


def test_the_limits_of_numbers_are_told(schema: dict[str, Any]) -> None:
    fields = schema["components"]["schemas"]["SearchRequest"]["properties"]
    for name, most in (("top_k", 50), ("max_tokens", 100_000)):
        number = fields[name]["anyOf"][0]
        assert number == {"type": "integer", "minimum": 1, "maximum": most}
    # A constraint by its Python name is one that no client understands.
    assert not {'"ge":', '"le":', '"gt":', '"lt":'} & set(json.dumps(schema).split())


def test_the_limit_of_a_body_is_told_where_it_is_met(schema: dict[str, Any]) -> None:
    taking = [door for _, _, door in doors(schema) if "requestBody" in door]
    assert len(taking) == 5
    for door in taking:
        assert "at most 256 KiB" in door["requestBody"]["description"]
        assert "413" in door["responses"]


@pytest.mark.parametrize(
    ("messages", "asks"),
    [
        ([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "why?"}], True),
        ([{"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "why?"}]}], True),
        ([{"role": "user", "content": "why?"}, {"role": "user", "content": None}], True),
        ([{"role": "system", "content": "why?"}], False),
        ([{"role": "user", "content": " \ufeff"}], False),
        ([{"role": "user", "content": [{"type": "input_text", "text": "why?"}, {"type": "text"}]}], False),
        ([], False),
    ],
)
def test_a_conversation_without_a_question_is_none_to_schema_and_service(
    messages: list[Any], asks: bool, schema: dict[str, Any], client: Any
) -> None:
    body = {"model": "procqa", "messages": messages}
    response = client.post("/v1/chat/completions", content=json.dumps(body), headers=JSON)
    assert response.status_code == (200 if asks else 422)
    part = {"$ref": "#/components/schemas/ChatRequest", "components": schema["components"]}
    assert jsonschema.Draft202012Validator(part).is_valid(body) == asks


def test_the_examples_of_requests_are_served(schema: dict[str, Any], client: Any) -> None:
    for method, path, door in doors(schema):
        if "requestBody" in door:
            media = door["requestBody"]["content"]["application/json"]
            for example in resolved(schema, media["schema"])["examples"]:
                response = client.request(method.upper(), path, content=json.dumps(example), headers=JSON)
                assert response.status_code == 200, (path, response.text)
                validate(schema, door["responses"]["200"]["content"]["application/json"]["schema"], response.json())


JSON = {"content-type": "application/json"}
