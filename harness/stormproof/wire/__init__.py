"""The wire between a component and a server: parsed, watched, and broken on purpose."""
