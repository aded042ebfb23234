package track

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"flightdeck/backends"
)

// batch is what log-batch was sent.
type batch struct {
	run     string
	metrics []backends.Metric
	params  []backends.Param
	tags    []backends.Tag
}

// parseBatch reads a batch as clients write it, in one pass and with one allocation a
// name: encoding/json takes thirty times as long as the store for a thousand points.
// It knows no more than what most batches have. ok is false for all else, also for
// what is wrong; then encoding/json says what.
func parseBatch(body []byte) (b batch, ok bool) {
	s := batchScanner{b: body, ok: utf8.Valid(body), keys: map[string]string{}}
	s.object(func(name []byte) {
		switch string(name) {
		case "run_id":
			b.run = s.text()
		case "metrics":
			b.metrics = make([]backends.Metric, 0, min(len(body)/40+1, maxMetrics))
			s.list(func() { b.metrics = append(b.metrics, s.metric()) })
		case "params":
			s.list(func() { b.params = append(b.params, backends.Param(s.pair())) })
		case "tags":
			s.list(func() { b.tags = append(b.tags, s.pair()) })
		default:
			s.ok = false
		}
	})
	return b, s.ok && s.next() == 0 && b.run != ""
}

// batchScanner reads JSON from the left. After something unknown ok is false and all
// reads end at once.
type batchScanner struct {
	b    []byte
	i    int
	ok   bool
	keys map[string]string // the names that were read
}

// next is the next byte that is not space, 0 at the end.
func (s *batchScanner) next() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

func (s *batchScanner) expect(c byte) {
	if s.next() != c {
		s.ok = false
		return
	}
	s.i++
}

// sequence reads what stands between open and end, parted by commas.
func (s *batchScanner) sequence(open, end byte, one func()) {
	s.expect(open)
	if s.next() == end {
		s.i++
		return
	}
	for s.ok {
		one()
		if s.next() == end {
			s.i++
			return
		}
		s.expect(',')
	}
}

func (s *batchScanner) list(one func()) { s.sequence('[', ']', one) }

func (s *batchScanner) object(member func(name []byte)) {
	s.sequence('{', '}', func() {
		name, escaped := s.quoted()
		s.expect(':')
		if s.ok = s.ok && !escaped; s.ok {
			member(name)
		}
	})
}

// quoted is the inside of a string.
func (s *batchScanner) quoted() (inside []byte, escaped bool) {
	s.expect('"')
	from := s.i
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[from : s.i-1], escaped
		case c == '\\':
			escaped = true
			s.i++
		case c < 0x20:
			s.ok = false
		}
	}
	s.ok = false
	return nil, false
}

func (s *batchScanner) text() string {
	from := s.i
	inside, escaped := s.quoted()
	if !s.ok || !escaped {
		return string(inside)
	}
	if halfPair(inside) {
		s.ok = false
		return ""
	}
	var out string
	s.ok = json.Unmarshal(s.b[from:s.i], &out) == nil
	return out
}

// halfPair reports whether a text may have half of a surrogate pair: pairs are seldom
// enough to leave them to the slow way too.
func halfPair(inside []byte) bool {
	for i := 0; i+3 < len(inside); i++ {
		if inside[i] == '\\' && inside[i+1] == 'u' && inside[i+2]|0x20 == 'd' && inside[i+3] >= '8' {
			return true
		}
	}
	return false
}

// key is text that other members have too.
func (s *batchScanner) key() string {
	from := s.i
	inside, escaped := s.quoted()
	if escaped || !s.ok {
		s.i = from
		return s.text()
	}
	if k, known := s.keys[string(inside)]; known {
		return k
	}
	k := string(inside)
	s.keys[k] = k
	return k
}

func (s *batchScanner) pair() (t backends.Tag) {
	s.object(func(name []byte) {
		switch string(name) {
		case "key":
			t.Key = s.text()
		case "value":
			t.Value = s.text()
		default:
			s.ok = false
		}
	})
	s.ok = s.ok && t.Key != ""
	return t
}

func (s *batchScanner) metric() (m backends.Metric) {
	has := 0
	s.object(func(name []byte) {
		switch string(name) {
		case "key":
			m.Key = s.key()
		case "value":
			has |= 1
			m.Value = s.float()
		case "timestamp":
			has |= 2
			m.Time = s.integer()
		case "step":
			m.Step = s.integer()
		default:
			s.ok = false
		}
	})
	s.ok = s.ok && has == 3 && m.Key != ""
	return m
}

// number is a number's token, or a string's with its quotes.
func (s *batchScanner) number() []byte {
	quoted := s.next() == '"'
	from := s.i
	if quoted {
		s.quoted()
		return s.b[from:s.i]
	}
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			s.i++
			continue
		}
		break
	}
	return s.b[from:s.i]
}

func (s *batchScanner) integer() int64 {
	t := s.number()
	n, neg := int64(0), false
	digits := t
	if len(t) > 0 && t[0] == '-' {
		neg, digits = true, t[1:]
	}
	plain := len(digits) > 0 && len(digits) < 19 && (digits[0] != '0' || len(digits) == 1)
	for _, c := range digits {
		plain = plain && c >= '0' && c <= '9'
		n = n*10 + int64(c-'0')
	}
	if plain && neg {
		return -n
	}
	if plain {
		return n
	}
	var w wireInt
	s.ok = s.ok && json.Valid(t) && w.UnmarshalJSON(t) == nil
	return int64(w)
}

func (s *batchScanner) float() float64 {
	t := s.number()
	if len(t) == 0 || t[0] == '"' || !jsonNumber(t) {
		var w wireFloat
		s.ok = s.ok && json.Valid(t) && w.UnmarshalJSON(t) == nil
		return float64(w)
	}
	v, err := strconv.ParseFloat(unsafe.String(&t[0], len(t)), 64) // it keeps nothing of it but in an error
	if err != nil || math.IsInf(v, 0) {
		s.ok = false
	}
	return v
}

// jsonNumber reports whether JSON knows the number too: no zero before it, and digits
// on both sides of the point.
func jsonNumber(t []byte) bool {
	if t[0] == '-' {
		t = t[1:]
	}
	isDigit := func(i int) bool { return i >= 0 && i < len(t) && t[i] >= '0' && t[i] <= '9' }
	if !isDigit(0) || t[0] == '0' && isDigit(1) {
		return false
	}
	for i, c := range t {
		if c == '.' && (!isDigit(i-1) || !isDigit(i+1)) {
			return false
		}
	}
	return true
}
