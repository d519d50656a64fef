"""txtai: an embeddings database with content, hybrid of vectors and BM25."""

import sys
import threading
from pathlib import Path

from serving import model_folder, passages_of, serve, timed
from txtai import Embeddings


def build(source, folder):
    passages = passages_of(source)
    embeddings = Embeddings(path=model_folder(), hybrid=True, content=True)
    embeddings.batchtransform(["the model is loaded by the first use"])
    with timed(passages):
        embeddings.index(passages)
        embeddings.save(str(folder))


def load(folder):
    embeddings = Embeddings()
    embeddings.load(str(folder))
    # Two searches at a time end the process: they share one cursor of SQLite.
    one_at_a_time = threading.Lock()

    def search(question, k):
        # Question marks and quotes are syntax of its SQL; a parameter is not.
        query = "SELECT id, doc_id, section, text, score FROM txtai WHERE similar(:question) LIMIT :k"
        with one_at_a_time:
            return embeddings.search(query, k, parameters={"question": question, "k": k})

    return search


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(load(Path(sys.argv[2])), int(sys.argv[3]))
