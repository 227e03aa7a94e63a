"""The commands, one file each: they parse arguments, call the library and map exit codes."""
