"""What measures procqa on public data sets; run from the top of a checkout."""
