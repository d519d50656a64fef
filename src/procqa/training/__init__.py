"""Teaching the models this job, on one's own pages and questions (`procqa train`, extra `procqa[train]`).

Only this package imports torch for training; nothing of it is needed to build an index or to serve one.
"""
