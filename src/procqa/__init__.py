"""Verbatim, cited answers to questions about medical procedures."""

import os

__version__ = "0.1.0"

# ONNX Runtime (1.31) notes what it runs in a file and sends it to its makers, unless it finds this when it is imported.
# It stands here since this comes before every import of it, also those of other libraries.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
