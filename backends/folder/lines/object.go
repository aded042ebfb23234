package lines

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// object reads a JSON object, or a Python dictionary as print writes it, with what
// stands in it at the top. Numbers may be NaN, Infinity, nan or inf. ok is false for
// any other text.
func object(text string) (f found, ok bool) {
	s := scanner{text: text}
	if !s.take('{') {
		return f, false
	}
	for first := true; ; first = false {
		if s.take('}') {
			return f, s.atEnd()
		}
		if !first && !s.take(',') || len(f.pairs) > mostPairs {
			return f, false
		}
		if s.take('}') { // Python allows a comma before it
			return f, s.atEnd()
		}
		key, isText := s.quoted()
		if !isText || !s.take(':') {
			return f, false
		}
		if token, isWord := s.word(); isWord {
			if v, whole, isNumber := number(token); isNumber {
				f.add(key, v, whole)
			}
		} else if !s.skip() {
			return f, false
		}
	}
}

// add puts a number where it belongs.
func (f *found) add(key string, v float64, whole bool) {
	switch {
	case isEpoch(key):
		f.epoch = &v
	case isStep(key):
		f.steps = append(f.steps, pair{key, v, whole})
	case named(key) && len(f.pairs) < mostPairs:
		for i := range f.pairs { // said twice: the last counts
			if f.pairs[i].key == key {
				f.pairs[i] = pair{key, v, whole}
				return
			}
		}
		f.pairs = append(f.pairs, pair{key, v, whole})
	}
}

// named says that a key is a name: it begins with a letter and is not long.
func named(key string) bool {
	if key == "" || len(key) > 200 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(key)
	return letter(r)
}

// scanner reads one line of JSON or Python.
type scanner struct {
	text string
	at   int
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t') {
		s.at++
	}
}

func (s *scanner) take(c byte) bool {
	s.blanks()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) atEnd() bool {
	s.blanks()
	return s.at == len(s.text)
}

// quoted reads a text in either kind of quotes.
func (s *scanner) quoted() (string, bool) {
	s.blanks()
	if s.at == len(s.text) || s.text[s.at] != '"' && s.text[s.at] != '\'' {
		return "", false
	}
	q, start := s.text[s.at], s.at+1
	for i := start; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case q:
			s.at = i + 1
			if raw := s.text[start:i]; !strings.Contains(raw, `\`) {
				return raw, true
			} else if text, err := strconv.Unquote(`"` + strings.ReplaceAll(raw, `"`, `\"`) + `"`); err == nil {
				return text, true
			} else {
				return raw, true
			}
		}
	}
	return "", false
}

// word reads what stands without quotes or brackets.
func (s *scanner) word() (string, bool) {
	s.blanks()
	end := s.at
	for end < len(s.text) && !strings.ContainsRune(",}]{[\"' \t:(", rune(s.text[end])) {
		end++
	}
	token := s.text[s.at:end]
	if token == "" || end < len(s.text) && s.text[end] == '(' {
		return "", false
	}
	s.at = end
	return token, true
}

// skip goes over a value of any kind: what is nested is not read.
func (s *scanner) skip() bool {
	depth := 0
	for {
		s.blanks()
		if s.at == len(s.text) {
			return false
		}
		switch c := s.text[s.at]; c {
		case '"', '\'':
			if _, ok := s.quoted(); !ok {
				return false
			}
		case '{', '[', '(':
			depth++
			s.at++
		case '}', ']', ')':
			if depth == 0 {
				return true
			}
			depth--
			s.at++
		case ',':
			if depth == 0 {
				return true
			}
			s.at++
		default:
			s.at++
		}
		if s.blanks(); depth == 0 && s.at < len(s.text) && (s.text[s.at] == ',' || s.text[s.at] == '}') {
			return true
		}
	}
}
