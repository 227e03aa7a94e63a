"""The wire between a component and Redis: parsed, watched, and broken on purpose."""
