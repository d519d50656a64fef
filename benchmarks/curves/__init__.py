"""Curves of quality: over the number of questions that taught, and over the time that an answer takes."""
