"""The cases of the vectors, one module for each topic; none of them uses packhorse.wire."""
