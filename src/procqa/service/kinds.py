"""The kinds of problem that the service tells, each with a stable code and a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from procqa.service.body_limit import MOST_BYTES


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; `detail` says what to do, `retry_after` is in seconds."""

    code: str
    status: int
    title: str
    detail: str
    retry_after: int | None = None

    @property
    def type(self) -> str:
        """The path of the page that documents it."""
        return f"/problems/{self.code}"


INVALID_REQUEST = Kind(
    "invalid_request",
    422,
    "Invalid request",
    "The request does not have the form that this address takes; mend the fields named under `errors`.",
)
MALFORMED_BODY = Kind("malformed_body", 400, "Malformed body", "The body cannot be read; send JSON in UTF-8.")
NOT_FOUND = Kind("not_found", 404, "Not found", "There is nothing at this address; /openapi.json lists what there is.")
DOCUMENT_NOT_FOUND = Kind(
    "document_not_found", 404, "No such document", "No document has this doc_id; GET /v1/documents lists them all."
)
QUESTION_NOT_KEPT = Kind(
    "question_not_kept", 404, "No such question", "No question is kept for this answer; it may be gone already."
)
STATE_UNAVAILABLE = Kind(
    "state_unavailable",
    503,
    "Nothing can be kept",
    "The service cannot use its folder of state; its log says why. Try again later.",
    30,
)
METHOD_NOT_ALLOWED = Kind(
    "method_not_allowed", 405, "Method not allowed", "Use one of the methods named in the Allow header."
)
BODY_TOO_LARGE = Kind(
    "body_too_large", 413, "Body too large", f"The body may have at most {MOST_BYTES // 1024} KiB; send less."
)
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported_media_type",
    415,
    "Unsupported media type",
    "Send the body as JSON, with the header Content-Type: application/json.",
)
KEY_MISSING = Kind(
    "key_missing", 401, "Key missing", "This address needs a key; send it as `Authorization: Bearer <key>`."
)
KEY_INVALID = Kind(
    "key_invalid", 401, "Key not valid", "This key is unknown or was revoked; ask whoever runs the service for another."
)
KEY_EXPIRED = Kind(
    "key_expired", 401, "Key expired", "The time of this key is over; ask whoever runs the service for another."
)
SCOPE_MISSING = Kind(
    "scope_missing",
    403,
    "Not allowed with this key",
    "This key lacks the scope that the address needs; ask whoever runs the service for one that has it.",
)
ORIGIN_NOT_ALLOWED = Kind(
    "origin_not_allowed",
    403,
    "Origin not allowed",
    "Pages of this origin may not call the service; whoever runs it can make a site key for the origin.",
)
HOST_NOT_ALLOWED = Kind(
    "host_not_allowed",
    421,
    "Host not allowed",
    "The service does not go by this name; use its address, or have whoever runs it add the name to PROCQA_HOSTS.",
)
RATE_LIMITED = Kind(
    "rate_limited", 429, "Too many requests", "Wait as many seconds as the Retry-After header says, then go on.", 1
)
BODY_TOO_SLOW = Kind("body_too_slow", 408, "Body too slow", "The body did not arrive in time; send the request again.")
TIMED_OUT = Kind("timed_out", 503, "Timed out", "The request took too long; try again a little later.", 2)
OVERLOADED = Kind("overloaded", 429, "Overloaded", "Too many questions are waiting; try again a little later.", 2)
INTERNAL_ERROR = Kind(
    "internal_error",
    500,
    "Internal error",
    "The service failed on this request; give its request_id to whoever runs the service.",
)
NOT_READY = Kind("not_ready", 503, "Not ready", "The index is still being loaded; try again in a moment.", 2)
INDEX_UNAVAILABLE = Kind(
    "index_unavailable",
    503,
    "Index unavailable",
    "The index cannot be used; on the machine of the service, `procqa doctor` tells what is wrong and how to mend it.",
    30,
)
FEEDBACK_NOT_FOUND = Kind("feedback_not_found", 404, "No such feedback", "Nothing was said of an answer with this id.")
MODEL_NOT_FOUND = Kind("model_not_found", 404, "No such model", "GET /v1/models names the model that answers here.")
KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        INVALID_REQUEST,
        MALFORMED_BODY,
        NOT_FOUND,
        DOCUMENT_NOT_FOUND,
        QUESTION_NOT_KEPT,
        STATE_UNAVAILABLE,
        METHOD_NOT_ALLOWED,
        BODY_TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
        KEY_MISSING,
        KEY_INVALID,
        KEY_EXPIRED,
        SCOPE_MISSING,
        ORIGIN_NOT_ALLOWED,
        HOST_NOT_ALLOWED,
        RATE_LIMITED,
        BODY_TOO_SLOW,
        TIMED_OUT,
        OVERLOADED,
        INTERNAL_ERROR,
        NOT_READY,
        INDEX_UNAVAILABLE,
        FEEDBACK_NOT_FOUND,
        MODEL_NOT_FOUND,
    )
}
