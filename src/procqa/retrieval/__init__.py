"""A question -> the passages that may answer it, best first."""

from procqa.retrieval.found import Found, ScoredLine
from procqa.retrieval.packing import pack
from procqa.retrieval.query import Query, read_query
from procqa.retrieval.search import WEIGHTS, Retriever
from procqa.retrieval.wording import asks_across, compares

__all__ = [
    "WEIGHTS",
    "Found",
    "Query",
    "Retriever",
    "ScoredLine",
    "asks_across",
    "compares",
    "pack",
    "read_query",
]
