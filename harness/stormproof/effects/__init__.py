"""What happens in the outside world, counted outside the system; one folder each."""
