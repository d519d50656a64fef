"""Load beyond what a service can answer, with clients that misbehave, all on this machine."""
