package track

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Numbers on the wire: an int64 is a number or a string of one, a double that JSON
// has no number for is the string NaN, Infinity or -Infinity.

type wireInt int64

func (n *wireInt) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = wireInt(i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64) // 1e3 and 5.0 are integers too
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return fmt.Errorf("%s is not an integer", b)
	}
	*n = wireInt(f)
	return nil
}

type wireFloat float64

func (f *wireFloat) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	switch s {
	case "NaN":
		*f = wireFloat(math.NaN())
		return nil
	case "Infinity":
		*f = wireFloat(math.Inf(1))
		return nil
	case "-Infinity":
		*f = wireFloat(math.Inf(-1))
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(s, "xX_") {
		return fmt.Errorf("%s is not a double", b)
	}
	*f = wireFloat(v)
	return nil
}

// exactReal is a double that is sent, where an infinity has a word.
type exactReal float64

// MarshalJSON writes an infinity as MLflow's clients do.
func (f exactReal) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return appendFloat(nil, v), nil
	}
}

// MarshalJSON writes what Python writes, see appendFloat.
func (f wireFloat) MarshalJSON() ([]byte, error) { return appendFloat(nil, float64(f)), nil }

// appendFloat writes what MLflow's server writes: a double keeps its point, and an
// infinity is the greatest double, since its SQL store has no other.
func appendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 0):
		v = math.Copysign(math.MaxFloat64, v)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	from := len(b)
	b = strconv.AppendFloat(b, v, 'f', -1, 64)
	for _, c := range b[from:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

// appendText writes a string.
func appendText(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	b = append(b, '"')
	if plain {
		return append(append(b, s...), '"')
	}
	for _, r := range s { // what is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encode(w, v)
}

func encode(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that went away does not hear it
}

func momentOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

type empty struct{}

// done is the answer {} to most of what writes.
func done(err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeRaw(w, []byte("{}")) }), nil
}

func writeRaw(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // a client that went away does not hear it
}
