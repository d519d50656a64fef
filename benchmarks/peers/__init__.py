"""procqa beside what a user would take instead, each in its own environment, used as its documentation says."""
