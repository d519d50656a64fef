"""What anybody would write: sentence-transformers and FAISS in forty plain lines."""

import json
import sys
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer
from serving import model_folder, passages_of, serve, timed

model = SentenceTransformer(model_folder())


def build(source, folder):
    passages = passages_of(source)
    with timed(passages):
        vectors = model.encode([passage["text"] for passage in passages], normalize_embeddings=True)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(index, str(folder / "index.faiss"))
        (folder / "passages.json").write_text(json.dumps(passages))


def load(folder):
    index = faiss.read_index(str(folder / "index.faiss"))
    passages = json.loads((folder / "passages.json").read_text())

    def search(question, k):
        vector = model.encode([question], normalize_embeddings=True)
        scores, rows = index.search(vector, k)
        return [passages[row] | {"score": float(score)} for row, score in zip(rows[0], scores[0], strict=True)]

    return search


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(load(Path(sys.argv[2])), int(sys.argv[3]))
