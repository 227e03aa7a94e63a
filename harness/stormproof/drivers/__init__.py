"""How work is submitted and its status is read, one folder for each driver."""
