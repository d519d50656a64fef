"""Haystack: the in-memory store, sentence-transformers embeddings and BM25, joined by reciprocal ranks."""

import sys
from pathlib import Path

from haystack import Document, Pipeline
from haystack.components.embedders import SentenceTransformersDocumentEmbedder, SentenceTransformersTextEmbedder
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from serving import model_folder, passages_of, serve, timed


def build(source, folder):
    passages = passages_of(source)
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    embedder = SentenceTransformersDocumentEmbedder(model=model_folder(), progress_bar=False)
    embedder.warm_up()
    indexing = Pipeline()
    indexing.add_component("embedder", embedder)
    indexing.add_component("writer", DocumentWriter(store))
    indexing.connect("embedder", "writer")
    documents = [
        Document(id=p["id"], content=p["text"], meta={"doc_id": p["doc_id"], "section": p["section"]}) for p in passages
    ]
    with timed(passages):
        indexing.run({"embedder": {"documents": documents}})
        folder.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(folder / "store.json"))


def load(folder):
    store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))
    asking = Pipeline()
    asking.add_component("embedder", SentenceTransformersTextEmbedder(model=model_folder(), progress_bar=False))
    asking.add_component("dense", InMemoryEmbeddingRetriever(store))
    asking.add_component("words", InMemoryBM25Retriever(store))
    asking.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
    asking.connect("embedder.embedding", "dense.query_embedding")
    asking.connect("dense", "joiner")
    asking.connect("words", "joiner")
    asking.warm_up()

    def search(question, k):
        given = {"embedder": {"text": question}, "dense": {"top_k": k}, "words": {"query": question, "top_k": k}}
        found = asking.run(given | {"joiner": {"top_k": k}})["joiner"]["documents"]
        return [{"id": d.id, "text": d.content, "score": d.score, **d.meta} for d in found]

    return search


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(load(Path(sys.argv[2])), int(sys.argv[3]))
