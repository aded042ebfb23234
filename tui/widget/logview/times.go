package logview

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// ownTime is the time that a line gives, as a clock where it can be read.
func ownTime(s string, loc *time.Location) string {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return clock(t, loc)
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 1e9 && n < 1e11 {
		sec, frac := math.Modf(n)
		return clock(time.Unix(int64(sec), int64(frac*1e9)), loc)
	} else if err == nil && n >= 1e12 && n < 1e14 {
		return clock(time.UnixMilli(int64(n)), loc)
	}
	return s
}

func clock(t time.Time, loc *time.Location) string { return t.In(loc).Format("15:04:05.000") }

// since is a time since the first line: milliseconds for an hour, seconds after.
func since(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	if d < time.Hour {
		return fmt.Sprintf("%s%d:%02d.%03d", sign, d/time.Minute, d/time.Second%60, d/time.Millisecond%1000)
	}
	if d < 100*time.Hour {
		return fmt.Sprintf("%s%dh%02d:%02d", sign, d/time.Hour, d/time.Minute%60, d/time.Second%60)
	}
	return sign + cell.Duration(d)
}

func (s *sheet) timeWidth() int {
	if s.look.Times == TimesClock {
		return len("15:04:05.000")
	}
	return 10
}

func (s *sheet) timeText(t time.Time, th *theme.Theme) string {
	if t.IsZero() {
		return th.Glyph.Unknown
	}
	if s.look.Times == TimesClock {
		return clock(t, s.loc)
	}
	first, ok := s.src.Step(0, false, LevelNone)
	if !ok {
		return th.Glyph.Unknown
	}
	from := s.src.Lines(first, first+1, nil)
	if len(from) == 0 || from[0].Time.IsZero() {
		return th.Glyph.Unknown
	}
	return since(t.Sub(from[0].Time))
}
