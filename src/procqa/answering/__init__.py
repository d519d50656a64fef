"""Found passages -> an answer: verbatim spans with citations, or an honest abstention."""
