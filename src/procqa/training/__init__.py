"""Teaching the models this job, on one's own pages and questions (`procqa train`, extra `procqa[train]`).

It imports torch, transformers and sentence_transformers, as embedding does to export a model. Building an index with
the models that it makes, or serving one, needs none of them.
"""
