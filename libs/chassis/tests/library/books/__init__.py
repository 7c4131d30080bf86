"""The application of the library: books."""
