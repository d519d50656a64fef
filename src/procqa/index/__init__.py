"""What is stored: vectors (FAISS), words (BM25), documents (SQLite), and the snapshot that holds them together.

Only this package imports faiss and tantivy.
"""
