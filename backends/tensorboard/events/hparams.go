package events

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// SessionStatus is how a session of the hparams plugin ended.
type SessionStatus int

// The statuses, as plugin_data.proto numbers them.
const (
	SessionUnknown SessionStatus = iota
	SessionSuccess
	SessionFailure
	SessionRunning
)

// HParam is one hyperparameter. Its value is spelled as Python prints it.
type HParam struct{ Key, Value string }

// Session is what an HParamsPluginData tells: the start of a session, or its end.
type Session struct {
	Started bool
	HParams []HParam
	Group   string
	Model   string  // model_uri
	Start   float64 // seconds since 1970, 0 when it is not told

	Ended  bool
	Status SessionStatus
	End    float64
}

// ParseSession reads the content of the hparams plugin.
func ParseSession(content []byte) (Session, bool) {
	var s Session
	f := message(content)
	for f.next() {
		if f.wire != wireBytes {
			continue
		}
		switch f.num {
		case 3:
			s.Started = true
			s.readStart(f.within())
		case 4:
			s.Ended = true
			for e := f.within(); e.next(); {
				switch {
				case e.num == 1 && e.wire == wireVarint && e.val <= uint64(SessionRunning):
					s.Status = SessionStatus(e.val)
				case e.num == 2 && e.wire == wire64:
					s.End = e.double()
				}
			}
		}
	}
	return s, !f.bad
}

func (s *Session) readStart(f fields) {
	for f.next() {
		switch {
		case f.num == 1 && f.wire == wireBytes:
			var p HParam
			for m := f.within(); m.next(); {
				switch {
				case m.num == 1 && m.wire == wireBytes:
					p.Key = string(m.bytes())
				case m.num == 2 && m.wire == wireBytes:
					p.Value = spell(m.within(), 0)
				}
			}
			s.HParams = append(s.HParams, p)
		case f.num == 2 && f.wire == wireBytes:
			s.Model = string(f.bytes())
		case f.num == 4 && f.wire == wireBytes:
			s.Group = string(f.bytes())
		case f.num == 5 && f.wire == wire64:
			s.Start = f.double()
		}
	}
}

// maxDepth is how deep a list in a list is followed.
const maxDepth = 16

// spell writes a google.protobuf.Value: a number, a string, a truth, or lists and
// maps of them as JSON.
func spell(f fields, depth int) string {
	out := "None"
	for f.next() {
		switch {
		case f.num == 2 && f.wire == wire64:
			out = spellNumber(f.double())
		case f.num == 3 && f.wire == wireBytes:
			if out = string(f.bytes()); depth > 0 {
				b, _ := json.Marshal(out)
				out = string(b)
			}
		case f.num == 4 && f.wire == wireVarint:
			if out = "False"; f.val != 0 {
				out = "True"
			}
		case (f.num == 5 || f.num == 6) && f.wire == wireBytes && depth >= maxDepth:
			out = "…"
		case f.num == 5 && f.wire == wireBytes:
			out = "{" + strings.Join(spellFields(f.within(), depth), ", ") + "}"
		case f.num == 6 && f.wire == wireBytes:
			var list []string
			for v := f.within(); v.next(); {
				if v.num == 1 && v.wire == wireBytes {
					list = append(list, spell(v.within(), depth+1))
				}
			}
			out = "[" + strings.Join(list, ", ") + "]"
		}
	}
	return out
}

func spellFields(f fields, depth int) (list []string) {
	for f.next() {
		if f.num != 1 || f.wire != wireBytes {
			continue
		}
		key, val := "", "None"
		for m := f.within(); m.next(); {
			switch {
			case m.num == 1 && m.wire == wireBytes:
				key = string(m.bytes())
			case m.num == 2 && m.wire == wireBytes:
				val = spell(m.within(), depth+1)
			}
		}
		b, _ := json.Marshal(key)
		list = append(list, string(b)+": "+val)
	}
	return list
}

// spellNumber writes a whole number without a fraction: the message knows doubles
// only, and 32 layers were not 32.0.
func spellNumber(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
