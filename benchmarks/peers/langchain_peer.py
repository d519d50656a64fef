"""LangChain: its FAISS store over its Hugging Face embeddings."""

import sys
from pathlib import Path

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from serving import model_folder, passages_of, serve, timed

embeddings = HuggingFaceEmbeddings(model_name=model_folder(), encode_kwargs={"normalize_embeddings": True})


def build(source, folder):
    passages = passages_of(source)
    documents = [
        Document(page_content=p["text"], metadata={"id": p["id"], "doc_id": p["doc_id"], "section": p["section"]})
        for p in passages
    ]
    with timed(passages):
        store = FAISS.from_documents(documents, embeddings)
        store.save_local(str(folder))


def load(folder):
    store = FAISS.load_local(str(folder), embeddings, allow_dangerous_deserialization=True)

    def search(question, k):
        found = store.similarity_search_with_score(question, k=k)
        return [{"text": d.page_content, "score": float(score), **d.metadata} for d, score in found]

    return search


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(load(Path(sys.argv[2])), int(sys.argv[3]))
