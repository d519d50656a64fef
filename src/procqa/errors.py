"""Errors whose message is one clear sentence that says what to do next."""


class ProcqaError(Exception):
    """Base of every error that procqa raises on purpose; the command line prints it and exits with 2."""


class ReadError(ProcqaError):
    """A page cannot be read; the message names the file and the reason."""


class ModelError(ProcqaError):
    """An embedding model is missing, altered or of the wrong kind."""


class SnapshotError(ProcqaError):
    """An index is missing, damaged or does not fit the settings; the message names the mending command."""


class GoldError(ProcqaError):
    """A gold file is malformed or does not fit the corpus."""


class QuestionError(ProcqaError):
    """A question or its filters cannot be understood as a request."""
