"""How many threads work on one question: as many questions are worked at once as there are cores, so one each."""

from __future__ import annotations

from threadpoolctl import ThreadpoolController


def one_thread_a_product() -> None:
    """Let numpy multiply matrices in the thread that asks, in all of this process.

    The helpers of its BLAS (OpenBLAS) go on spinning for some 25 ms after each product, in case that another comes: for
    a question, whose products take a millisecond, that takes a whole core away from the encoder.
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
