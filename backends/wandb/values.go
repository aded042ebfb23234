package wandb

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"flightdeck/backends/folder/flat"
)

// Fields of HistoryItem, ConfigItem, SummaryItem and StatsItem. The typed ones are
// newer than value_json and in history alone.
const (
	listUpdate  = 1 // of HistoryRecord: item; of ConfigRecord and SummaryRecord: update
	itemKey     = 1
	itemNested  = 2
	itemNone    = 3
	itemBoolean = 4
	itemInteger = 5
	itemNumber  = 6
	itemText    = 7
	itemJSON    = 8
	itemValue   = 16
)

// item is one key with its value, as JSON unless it is a number: then json is nil,
// and raw is how it was written.
type item struct {
	path      []string
	json, raw []byte
	num       float64
}

// items calls each for the items of a list message. A path is never empty.
func items(m message, each func(it item)) error {
	bad := false
	err := fields(m, func(f field) {
		if f.num != listUpdate || bad {
			return
		}
		var it item
		if fields(f.message(), it.field) != nil {
			bad = true
			return
		}
		if len(it.path) == 0 {
			it.path = []string{""}
		}
		each(it)
	})
	if bad {
		return errWire
	}
	return err
}

func (it *item) field(f field) {
	switch f.num {
	case itemKey:
		if len(it.path) == 0 {
			it.path = []string{string(f.data)}
		}
	case itemNested:
		it.path = append(it.path, string(f.data))
	case itemNone:
		it.json = []byte("null")
	case itemBoolean:
		it.num = float64(f.v & 1)
	case itemInteger:
		it.num = float64(f.signed())
	case itemNumber:
		it.num = f.double()
	case itemText:
		it.json, _ = json.Marshal(string(f.data))
	case itemJSON, itemValue:
		it.json, it.raw = f.data, f.data
		if v, ok := number(f.data); ok {
			it.json, it.num = nil, v
		}
	}
}

// number is a JSON number, or one that only Python writes. A boolean counts as 0 or 1.
func number(data []byte) (float64, bool) {
	switch s := strings.TrimSpace(string(data)); s {
	case "", "null":
		return 0, false
	case "true":
		return 1, true
	case "false":
		return 0, true
	default:
		if c := s[0]; c != '-' && c != 'N' && c != 'I' && (c < '0' || c > '9') {
			return 0, false
		}
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil || math.IsInf(v, 0)
	}
}

// value is the item's value as encoding/json has it, with numbers as float64.
func (it item) value() (any, error) {
	if it.json == nil {
		return it.num, nil
	}
	var v any
	err := json.NewDecoder(bytes.NewReader(flat.Numbers(it.json))).Decode(&v)
	return v, err
}

// tree puts values together that were logged as one nested one and are written by
// their leaves: {"pic": {"_type": …, "path": …}} comes as pic/_type and pic/path.
type tree map[string]any

const deepest = 32

func (t tree) set(path []string, v any) {
	if len(path) > deepest {
		return
	}
	at := map[string]any(t)
	for _, p := range path[:len(path)-1] {
		sub, ok := at[p].(map[string]any)
		if !ok {
			sub = map[string]any{}
			at[p] = sub
		}
		at = sub
	}
	at[path[len(path)-1]] = v
}

// float is a number of a nested value; NaN and the infinities come as words there.
func float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		switch v {
		case "NaN", "Infinity", "-Infinity":
			f, err := strconv.ParseFloat(v, 64)
			return f, err == nil
		}
	}
	return 0, false
}

func floats(v any) []float64 {
	list, _ := v.([]any)
	out := make([]float64, 0, len(list))
	for _, e := range list {
		f, ok := float(e)
		if !ok {
			return nil
		}
		out = append(out, f)
	}
	return out
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func whole(v any) int64 {
	f, _ := float(v)
	if math.Abs(f) >= 1<<53 || math.IsNaN(f) {
		return 0
	}
	return int64(f)
}
