"""Understanding a message: clean text, exact words, one multilingual sentence vector, a small classifier, a decision."""
