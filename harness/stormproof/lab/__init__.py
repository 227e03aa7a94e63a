"""The tests of Stormproof itself: planted mistakes, sound systems, versions, environments."""
