"""A question -> the passages that may answer it, best first."""

from procqa.retrieval.search import Found, Retriever, ScoredLine

__all__ = ["Found", "Retriever", "ScoredLine"]
