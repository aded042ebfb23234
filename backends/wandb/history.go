package wandb

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
)

// moment is when something was logged: its step and milliseconds since 1970.
type moment struct{ step, time int64 }

// history is one call of log: numbers are points, nested values are put together
// first, as media are nested ones with a _type.
func (r *reader) history(m message) error {
	step, timed := int64(-1), false
	at := moment{time: r.last.time}
	var list []item
	nested := tree{}
	var failed error
	err := fields(m, func(f field) {
		if f.num == 2 {
			_ = fields(f.message(), func(g field) { step = int64(g.v) })
		}
	})
	if err != nil {
		return err
	}
	err = items(m, func(it item) {
		switch key := it.path[0]; {
		case key == "_step" && it.json == nil && math.Abs(it.num) < 1<<53:
			step = int64(it.num)
		case key == "_timestamp" && it.json == nil && math.Abs(it.num) < 1<<43:
			at.time, timed = int64(math.Round(it.num*1000)), true
		case len(it.path) == 1 && strings.HasPrefix(key, "_"):
		case len(it.path) == 1 && it.json == nil:
			list = append(list, it)
		default:
			v, err := it.value()
			if err != nil && failed == nil {
				failed = fmt.Errorf("history %q: %w", it.path, err)
			}
			nested.set(it.path, v)
		}
	})
	if err != nil {
		return err
	}
	if at.step = step; step < 0 {
		at.step = r.last.step + 1
	}
	if !timed {
		at.time = r.written.UnixMilli()
	}
	r.last = at
	for _, it := range list {
		r.point(it.path[0], at, it.num)
	}
	r.nested("", map[string]any(nested), at, 0)
	return failed
}

// point keeps one point until the end of the read.
func (r *reader) point(key string, at moment, v float64) {
	c := r.cols[key]
	if c == nil {
		c = &backends.Points{}
		r.cols[key] = c
		r.keys = append(r.keys, key)
	}
	c.Step, c.Time, c.Value = append(c.Step, at.step), append(c.Time, at.time), append(c.Value, v)
	r.pending++
}

// nested takes the values below key: numbers under dotted keys, and media. Other
// texts and lists that a script logged are no curve and no medium.
func (r *reader) nested(key string, m map[string]any, at moment, depth int) {
	if depth > deepest {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sub := k
		if key != "" {
			sub = key + "." + k
		}
		switch v := m[k].(type) {
		case map[string]any:
			if str(v["_type"]) != "" {
				r.medium(sub, v, at, 0)
				continue
			}
			r.nested(sub, v, at, depth+1)
		case []any:
			for i, e := range v {
				if e, ok := e.(map[string]any); ok && str(e["_type"]) != "" {
					r.medium(sub, e, at, i)
				}
			}
		default:
			if f, ok := float(v); ok {
				r.point(sub, at, f)
			} else if str(v) != "" {
				r.texts[sub] = true
			}
		}
	}
}

// stats is a sample of the machine. Its step is the number of the sample, as the run's
// own step need not move meanwhile.
func (r *reader) stats(m message) error {
	at := moment{step: r.samples, time: r.written.UnixMilli()}
	r.samples++
	return fields(m, func(f field) {
		switch f.num {
		case 2:
			at.time = f.message().millis()
		case 3:
			var it item
			if fields(f.message(), it.field) == nil && len(it.path) > 0 && it.json == nil {
				r.point("system/"+strings.Join(it.path, "."), at, it.num)
			}
		}
	})
}

// summary keeps what a script set there. The client repeats each history value in it,
// before or after, so what is the summary's alone is known at the end.
func (r *reader) summary(m message) error {
	var failed error
	err := items(m, func(it item) {
		if strings.HasPrefix(it.path[0], "_") {
			return
		}
		v, err := it.value()
		if err != nil && failed == nil {
			failed = fmt.Errorf("summary %q: %w", it.path, err)
		}
		r.sums.set(it.path, v)
	})
	if err == nil {
		err = failed
	}
	return err
}

// conclude tells the values of the summary that no history has: numbers as one point
// at the last step, texts as tags "summary.<key>".
func (r *reader) conclude(key string, m map[string]any, depth int) {
	if depth > deepest || str(m["_type"]) != "" {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sub := k
		if key != "" {
			sub = key + "." + k
		}
		if r.cols[sub] != nil {
			continue
		}
		switch v := m[k].(type) {
		case map[string]any:
			r.conclude(sub, v, depth+1)
		case string:
			if f, ok := float(v); ok {
				r.point(sub, r.last, f)
			} else if !r.texts[sub] {
				r.tag("summary."+sub, v)
			}
		case float64:
			r.point(sub, r.last, v)
		case bool:
			r.tag("summary."+sub, strconv.FormatBool(v))
		}
	}
}
