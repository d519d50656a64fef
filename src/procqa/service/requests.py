"""What clients may send: pydantic models that refuse unknown fields and loose types."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from procqa.asked import LONGEST_QUESTION
from procqa.engine import HITS, MOST_HITS
from procqa.types import Filters

MOST_HISTORY = 20
MOST_FILTERS = 1000
MOST_BATCHED = 32
MOST_TOKENS = 100_000
# Doc ids come from file names, whose whole path no system lets grow longer; no heading does either.
LONGEST_NAME = 4096


# What is white space differs among those who read schemas; here it is what any of them takes for it.
WORDED = r"[^\s\x1c-\x1f\x85\ufeff]"


def is_worded(text: str) -> bool:
    """Whether a text holds more than white space."""
    return re.search(WORDED, text) is not None


def _worded(text: str) -> str:
    if not is_worded(text):
        raise PydanticCustomError("blank", "String should hold more than white space")
    return text


def whole(number: Any) -> Any:
    """8.0 as 8: JSON has one kind of number, and both are the same whole number to it."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def plain_number(text: Any) -> Any:
    """A number in an address as everybody writes it: Python's own reading takes `1_0` and ` 1` too."""
    if isinstance(text, str) and not re.fullmatch(r"-?[0-9]+(\.0+)?", text):
        raise PydanticCustomError("int_parsing", "Input should be a whole number")
    return text


QuestionText = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_QUESTION, json_schema_extra={"pattern": WORDED}),
    AfterValidator(_worded),
]
Count = Annotated[int, BeforeValidator(whole)]
Names = Annotated[list[Annotated[str, Field(max_length=LONGEST_NAME)]], Field(max_length=MOST_FILTERS)]


class FilterFields(BaseModel):
    """Only these pages and sections are searched; an empty list means any."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc_id: Names = Field(default=[], description="Pages, by their doc_id.")
    section: Names = Field(default=[], description="Sections, by their canonical heading.")


class Questioning(BaseModel):
    """What every request with a question holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: QuestionText = Field(description="The question, in the asker's own words.")
    filters: FilterFields | None = None

    def engine_filters(self) -> Filters | None:
        """The filters as the engine takes them."""
        if self.filters is None:
            return None
        return Filters(doc_ids=tuple(self.filters.doc_id), sections=tuple(self.filters.section))


class AskRequest(Questioning):
    """A question to be answered in the words of the pages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "How long do I stay in hospital after a mitral valve repair?"},
                {
                    "question": "And when may I drive?",
                    "history": ["How long do I stay in hospital after a mitral valve repair?"],
                    "filters": {"section": ["Recovery"]},
                    "max_answers": 1,
                    "passages": 5,
                },
            ]
        }
    )

    history: Annotated[list[QuestionText], Field(max_length=MOST_HISTORY)] | None = Field(
        default=None, description="Earlier questions of the same asker, oldest first."
    )
    max_answers: Count = Field(default=3, ge=1, le=10)
    passages: Count = Field(default=0, ge=0, le=50, description="How many of the found passages to return as well.")


class SearchRequest(Questioning):
    """A question whose best passages are wanted, for instance as the context of a language model."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"question": "stroke after mitral valve repair", "top_k": 5, "max_tokens": 800}]
        }
    )

    # The limits stand before what reads the number: after it they would be left out of the JSON schema.
    top_k: Annotated[int, Field(ge=1, le=MOST_HITS), BeforeValidator(whole)] | None = Field(
        default=None,
        description=f"Passages at most. If not given, {HITS}; with `max_tokens` all that fit, up to {MOST_HITS}.",
    )
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS), BeforeValidator(whole)] | None = Field(
        default=None,
        description="A budget in tiktoken (cl100k) tokens for the texts of all passages together. A passage that does "
        "not fit is left out whole, and a smaller one after it may be taken.",
    )


class BatchRequest(BaseModel):
    """Several questions; each is answered as if it were asked alone."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "requests": [
                        {"question": "How long do I stay in hospital after a mitral valve repair?"},
                        {"question": "What are the risks of a knee arthroscopy?", "max_answers": 1},
                    ]
                }
            ]
        },
    )

    requests: Annotated[list[AskRequest], Field(min_length=1, max_length=MOST_BATCHED)]
