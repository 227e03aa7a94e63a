"""Many runs: found, planned, made in parallel lanes, judged and stored."""
