"""How fast procqa is, part by part and beside what else a user could take."""
