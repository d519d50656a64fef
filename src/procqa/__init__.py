"""Verbatim, cited answers to questions about medical procedures."""

__version__ = "0.1.0"
