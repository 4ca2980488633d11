"""What holds for every input, by hypothesis."""
