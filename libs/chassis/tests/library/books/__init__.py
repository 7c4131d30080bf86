"""Books: the only thing that the library keeps."""
