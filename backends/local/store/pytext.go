package store

// PyCompact writes a JSON value as Python's json does of the same value, when it has
// no space between its tokens.
func PyCompact(compact []byte) string { return asciiJSON(compact) }
