package query

import (
	"strconv"
	"strings"
	"time"
)

// newLiteral reads a value in every sense that it can have. Which one counts is
// decided by what it is compared with.
func newLiteral(text string, quoted bool, now time.Time) Literal {
	l := Literal{Text: text, Quoted: quoted, synonym: strings.ToLower(text)}
	l.num, l.isNum = number(text)
	if d, ok := duration(text); ok {
		l.dur, l.isDur = d.Seconds(), true
	}
	if from, to, ok := moment(text, now); ok {
		l.time, l.isTime = float64(from.UnixMilli()), true
		l.span = float64(to.UnixMilli()) - l.time
	}
	return l
}

// layouts of times and how long what they name lasts.
func timeLayouts() []struct {
	layout string
	until  func(time.Time) time.Time
} {
	minute := func(t time.Time) time.Time { return t.Add(time.Minute) }
	second := func(t time.Time) time.Time { return t.Add(time.Second) }
	return []struct {
		layout string
		until  func(time.Time) time.Time
	}{
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"2006-01-02T15:04", minute},
		{"2006-01-02T15:04:05", second},
		{"2006-01-02T15:04Z07:00", minute},
		{"2006-01-02T15:04:05Z07:00", second},
		{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	}
}

// moment reads a time: [from, to), equal for a moment. Dates are in now's zone.
func moment(s string, now time.Time) (from, to time.Time, ok bool) {
	y, m, d := now.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, now.Location())
	day := func(n int) (time.Time, time.Time, bool) {
		return midnight.AddDate(0, 0, n), midnight.AddDate(0, 0, n+1), true
	}
	switch strings.ToLower(s) {
	case "":
		return from, to, false
	case "now":
		return now, now, true
	case "today":
		return day(0)
	case "yesterday":
		return day(-1)
	case "tomorrow":
		return day(1)
	}
	switch s[0] {
	case '-', '+':
		d, ok := duration(s[1:])
		if s[0] == '-' {
			d = -d
		}
		return now.Add(d), now.Add(d), ok && unit(s)
	}
	if f, err := strconv.ParseInt(s, 10, 64); err == nil && f >= 0 {
		if len(s) == 4 {
			from = time.Date(int(f), 1, 1, 0, 0, 0, 0, now.Location())
			return from, from.AddDate(1, 0, 0), true
		}
		t := time.UnixMilli(f)
		return t, t, true
	}
	return date(s, midnight)
}

func date(s string, midnight time.Time) (from, to time.Time, ok bool) {
	s = strings.Replace(strings.ToUpper(s), " ", "T", 1)
	for _, l := range timeLayouts() {
		if t, err := time.ParseInLocation(l.layout, s, midnight.Location()); err == nil {
			if t.Nanosecond() != 0 {
				return t, t.Add(time.Millisecond), true
			}
			return t, l.until(t), true
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := midnight.Date()
			from = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, midnight.Location())
			if len(s) == 5 {
				return from, from.Add(time.Minute), true
			}
			return from, from.Add(time.Second), true
		}
	}
	return from, to, false
}

// unit reports whether a span of time names a unit: "-2h" is two hours ago, "-2"
// is nothing.
func unit(s string) bool { return strings.ContainsAny(s, "wdhms") }

// duration reads 90s, 10m, 1h30m, 1.5h, 2d, 1w, 250ms, and what lists show: 1h04,
// 0:14, 2:03:04. A plain number is seconds. At most about 290 years.
func duration(s string) (time.Duration, bool) {
	if strings.Contains(s, ":") {
		return clock(s)
	}
	var total float64
	size := 0.0 // of the unit before
	for s != "" {
		n := 0
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
			n++
		}
		f, err := strconv.ParseFloat(s[:n], 64)
		if err != nil {
			return 0, false
		}
		s = s[n:]
		n = 0
		for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
			n++
		}
		next, ok := unitSize(s[:n], size)
		if !ok {
			return 0, false
		}
		total, size, s = total+f*next, next, s[n:]
	}
	if size == 0 || total > 9e9 {
		return 0, false
	}
	return time.Duration(total * float64(time.Second)), true
}

// unitSize is the length of a unit in seconds. Without a unit, a number after
// hours is minutes, one that stands alone is seconds.
func unitSize(name string, before float64) (float64, bool) {
	var size float64
	switch name {
	case "w":
		size = 7 * 24 * 3600
	case "d":
		size = 24 * 3600
	case "h":
		size = 3600
	case "m", "min":
		size = 60
	case "s":
		size = 1
	case "ms":
		size = 1e-3
	case "":
		if before == 0 {
			return 1, true
		}
		return 60, before == 3600
	}
	return size, size > 0 && (before == 0 || size < before)
}

// clock reads m:ss and h:mm:ss.
func clock(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	total := 0
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 1e6 || i > 0 && (n > 59 || len(p) != 2) {
			return 0, false
		}
		total = total*60 + n
	}
	return time.Duration(total) * time.Second, true
}
