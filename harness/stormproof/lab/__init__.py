"""What Stormproof itself is held to: planted mistakes, sound systems, versions, environments."""
