"""Many runs: found, planned, conducted in lanes, judged and stored."""
