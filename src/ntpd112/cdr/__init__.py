"""Call detail records: folded from the journal, kept in the main database beside operators and keys."""
