"""The commands, one file each: they parse, call, and map exit codes."""
