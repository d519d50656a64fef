"""What clients of the OpenAI API send and get, as far as a service that only quotes can be such a model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from procqa.asked import LONGEST_QUESTION
from procqa.service.examples import ANSWER, ANSWERED
from procqa.service.requests import MOST_HISTORY, WORDED, AskRequest, is_worded, whole
from procqa.service.responses import AskResponse

MODEL = "procqa"
MOST_MESSAGES = 500
_QUESTION = "How long do I stay in hospital after a mitral valve repair?"
_WORDS: dict[str, JsonValue] = {"type": "string", "pattern": WORDED}
_PART: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"type": {"const": "text"}, "text": _WORDS},
    "required": ["type", "text"],
}
# What a conversation must hold, in the words of JSON schema: a message of the user with words.
_ASKED: dict[str, JsonValue] = {
    "contains": {
        "type": "object",
        "properties": {"role": {"const": "user"}, "content": {"anyOf": [_WORDS, {"type": "array", "contains": _PART}]}},
        "required": ["role", "content"],
    }
}


class Part(BaseModel):
    """A part of a message; only texts are read."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of the conversation; only those of the role `user` are read."""

    role: str
    content: str | list[Part] | None = None

    def text(self) -> str:
        """Its words, without images and the like."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text").strip()
        return (self.content or "").strip()


class StreamOptions(BaseModel):
    """How a stream ends."""

    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A conversation whose last question is to be answered. Other fields of the OpenAI API are taken and ignored.

    The last message of the role `user` is the question, the earlier ones are its history; an earlier one that is too
    long for a question is left out.
    """

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"model": MODEL, "messages": [{"role": "user", "content": _QUESTION}]}]},
    )

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES, json_schema_extra=_ASKED)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    # A literal 1 would take `true` for it.
    n: Annotated[int, Field(ge=1, le=1), BeforeValidator(whole)] | None = Field(
        default=None, description="There is one answer; the others are under `procqa`."
    )

    @model_validator(mode="after")
    def _asks(self) -> Self:
        texts = self._texts()
        if not texts:
            raise PydanticCustomError("no_question", "No message of the role user holds words")
        if len(texts[-1]) > LONGEST_QUESTION:
            raise PydanticCustomError("question_too_long", f"The last question has over {LONGEST_QUESTION} characters")
        return self

    def question(self) -> AskRequest:
        """What is asked."""
        *earlier, last = self._texts()
        history = [text for text in earlier if len(text) <= LONGEST_QUESTION]
        return AskRequest(question=last, history=history[-MOST_HISTORY:] or None)

    def _texts(self) -> list[str]:
        return [text for message in self.messages if message.role == "user" and is_worded(text := message.text())]


class UrlCitation(BaseModel):
    """The code points of the message that are quoted, and where they stand."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A citation in a message."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AnswerMessage(BaseModel):
    """The answer in words, with its sources."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens as tiktoken (cl100k) counts them: of the questions, and of the message."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


_COMPLETED: dict[str, JsonValue] = {
    "id": "chatcmpl-5c1f0d2e9a4b4c0f8f6a7b1d3e2c9a80",
    "object": "chat.completion",
    "created": 1767323045,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": f"{ANSWER}\n\nSource: Mitral valve repair, Recovery",
                "refusal": None,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 0,
                            "end_index": len(ANSWER),
                            "title": "Mitral valve repair",
                            "url": "http://127.0.0.1:8000/documents/heart/mitral?start=2931&end=2963#c2931-2963",
                        },
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 14, "completion_tokens": 19, "total_tokens": 33},
    "procqa": ANSWERED,
}


class ChatResponse(BaseModel):
    """An answer as a chat completion; `procqa` is what POST /v1/ask answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [_COMPLETED]})

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage
    procqa: AskResponse


class Delta(BaseModel):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    annotations: list[Annotation] | None = None


class ChunkChoice(BaseModel):
    """The one answer, in chunks."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None


class ChatChunk(BaseModel):
    """A part of a streamed answer; the last with a choice carries `procqa`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    choices: list[ChunkChoice]
    usage: Usage | None = None
    procqa: AskResponse | None = None


_MODEL: dict[str, JsonValue] = {"id": MODEL, "object": "model", "created": 1767323045, "owned_by": MODEL}


class Model(BaseModel):
    """The model that answers; `created` is when its index was built."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MODEL]})

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int
    owned_by: str = MODEL


class ModelList(BaseModel):
    """The models that answer: one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"object": "list", "data": [_MODEL]}]})

    object: Literal["list"] = "list"
    data: list[Model]
