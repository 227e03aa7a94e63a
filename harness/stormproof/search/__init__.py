"""Generated storms: random ones, and the smallest that still fails."""
