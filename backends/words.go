package backends

import (
	"errors"
	"strings"
)

// Join writes a command as it would be typed into a POSIX shell.
func Join(command []string) string {
	out := make([]string, len(command))
	for i, w := range command {
		out[i] = Quote(w)
	}
	return strings.Join(out, " ")
}

// Quote makes one word for a POSIX shell.
func Quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Split is the words of a command line: blanks part them, single quotes, double
// quotes and backslashes keep them together as in a POSIX shell. Nothing is
// expanded.
func Split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, open := false, byte(0)
	escaped := false
	for i := range len(line) { // bytes, because a path need not be UTF-8
		r := line[i]
		switch {
		case escaped:
			if open == '"' && r != '"' && r != '\\' && r != '$' && r != '`' {
				word.WriteByte('\\')
			}
			word.WriteByte(r)
			escaped = false
		case r == '\\' && open != '\'':
			escaped, in = true, true
		case open != 0:
			if r == open {
				open = 0
				continue
			}
			word.WriteByte(r)
		case r == '\'' || r == '"':
			open, in = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(r)
			in = true
		}
	}
	if open != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if escaped {
		return nil, errors.New("a backslash at the end quotes nothing")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}
