"""An answer, a search, titles and an index as OpenAPI shows them."""

from __future__ import annotations

from pydantic import JsonValue

from procqa.service.links import citation_url

INDEX: dict[str, JsonValue] = {
    "version": "20260102T030405000000Z",
    "built_at": "2026-01-02T03:04:05+00:00",
    "documents": 60,
    "passages": 1104,
    "embedding_model": "procqa-mini",
}
STATE: dict[str, JsonValue] = {
    **INDEX,
    "loaded_at": "2026-01-02T03:05:00+00:00",
    "swaps": 0,
    "refused": {
        "version": "20260103T030405000000Z",
        "reason": "The index 20260103T030405000000Z is damaged: vectors.faiss has changed.",
        "at": "2026-01-03T03:05:00+00:00",
    },
}
TITLES: dict[str, JsonValue] = {
    "titles": [
        {
            "doc_id": "heart/mitral",
            "title": "Mitral valve repair",
            "aliases": ["mitral valvuloplasty"],
            "specialty": "heart",
            "url": "/documents/heart/mitral",
        }
    ]
}
_QUESTION = "How long do I stay in hospital after a mitral valve repair?"
ANSWER = "You stay in hospital for 3 days."
_PAGE: dict[str, JsonValue] = {"doc_id": "heart/mitral", "title": "Mitral valve repair", "section": "Recovery"}
FOUND: dict[str, JsonValue] = {
    "hits": [
        {
            "passage_id": "heart/mitral#recovery",
            **_PAGE,
            "text": f"{ANSWER} Showering is safe on day 2.",
            "start": 2931,
            "end": 2992,
            "score": 3.41,
        }
    ],
    "index": INDEX,
    "tokens": 16,
}
ANSWERED: dict[str, JsonValue] = {
    "id": "4f0c6a52d7b1409c8a3e2f5b9d816e07",
    "status": "answered",
    "question": _QUESTION,
    "interpreted_as": {"question": _QUESTION, **_PAGE, "from_history": False},
    "answers": [{"text": ANSWER, "confidence": 0.93, "spans": [{"text": ANSWER, "citation": "c1"}]}],
    "citations": [
        {
            "id": "c1",
            **_PAGE,
            "start": 2931,
            "end": 2963,
            "utf16": [2931, 2963],
            "quote": {"exact": ANSWER, "prefix": "Recovery\n\n", "suffix": " Showering is safe on day 2."},
            "url": citation_url("heart/mitral", 2931, 2963),
            "doc_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
    ],
    "abstention": None,
    "clarification": None,
    "passages": [],
    "index": INDEX,
    "timing_ms": {"total": 14.2, "retrieval": 12.8, "answering": 1.1},
}
