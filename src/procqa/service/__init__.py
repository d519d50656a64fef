"""The HTTP door to the engine: FastAPI, JSON, problem details, and a page to read a source on.

`app.create_app` makes the application and `server.run` serves it; `responses` gives the JSON objects to other doors.
"""
