"""How work is submitted and its status read, one folder each."""
