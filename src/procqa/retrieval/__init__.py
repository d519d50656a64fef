"""A question -> the passages that may answer it, best first."""

from procqa.retrieval.conversation import owes_history, turning
from procqa.retrieval.found import Found, ScoredLine
from procqa.retrieval.names import NAMES_ONE
from procqa.retrieval.packing import pack
from procqa.retrieval.query import Query, read_query
from procqa.retrieval.search import WEIGHTS, Retriever
from procqa.retrieval.wording import asks_across, asks_without, compares

__all__ = [
    "NAMES_ONE",
    "WEIGHTS",
    "Found",
    "Query",
    "Retriever",
    "ScoredLine",
    "asks_across",
    "asks_without",
    "compares",
    "owes_history",
    "pack",
    "read_query",
    "turning",
]
