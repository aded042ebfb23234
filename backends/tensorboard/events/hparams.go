package events

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"flightdeck/backends/folder/wire"
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
	f := wire.Message(content)
	for f.Next() {
		if f.Type != wire.Bytes {
			continue
		}
		switch f.Num {
		case 3:
			s.Started = true
			s.readStart(f.Within())
		case 4:
			s.Ended = true
			for e := f.Within(); e.Next(); {
				switch {
				case e.Num == 1 && e.Type == wire.Varint && e.Val <= uint64(SessionRunning):
					s.Status = SessionStatus(e.Val)
				case e.Num == 2 && e.Type == wire.Fixed64:
					s.End = e.Double()
				}
			}
		}
	}
	return s, !f.Bad
}

func (s *Session) readStart(f wire.Fields) {
	for f.Next() {
		switch {
		case f.Num == 1 && f.Type == wire.Bytes:
			var p HParam
			for m := f.Within(); m.Next(); {
				switch {
				case m.Num == 1 && m.Type == wire.Bytes:
					p.Key = string(m.Bytes())
				case m.Num == 2 && m.Type == wire.Bytes:
					p.Value = spell(m.Within(), 0)
				}
			}
			s.HParams = append(s.HParams, p)
		case f.Num == 2 && f.Type == wire.Bytes:
			s.Model = string(f.Bytes())
		case f.Num == 4 && f.Type == wire.Bytes:
			s.Group = string(f.Bytes())
		case f.Num == 5 && f.Type == wire.Fixed64:
			s.Start = f.Double()
		}
	}
}

// maxDepth is how deep a list in a list is followed.
const maxDepth = 16

// spell writes a google.protobuf.Value: a number, a string, a truth, or lists and
// maps of them as JSON.
func spell(f wire.Fields, depth int) string {
	out := "None"
	for f.Next() {
		switch {
		case f.Num == 2 && f.Type == wire.Fixed64:
			out = spellNumber(f.Double())
		case f.Num == 3 && f.Type == wire.Bytes:
			if out = string(f.Bytes()); depth > 0 {
				b, _ := json.Marshal(out)
				out = string(b)
			}
		case f.Num == 4 && f.Type == wire.Varint:
			if out = "False"; f.Val != 0 {
				out = "True"
			}
		case (f.Num == 5 || f.Num == 6) && f.Type == wire.Bytes && depth >= maxDepth:
			out = "…"
		case f.Num == 5 && f.Type == wire.Bytes:
			out = "{" + strings.Join(spellFields(f.Within(), depth), ", ") + "}"
		case f.Num == 6 && f.Type == wire.Bytes:
			var list []string
			for v := f.Within(); v.Next(); {
				if v.Num == 1 && v.Type == wire.Bytes {
					list = append(list, spell(v.Within(), depth+1))
				}
			}
			out = "[" + strings.Join(list, ", ") + "]"
		}
	}
	return out
}

func spellFields(f wire.Fields, depth int) (list []string) {
	for f.Next() {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		key, val := "", "None"
		for m := f.Within(); m.Next(); {
			switch {
			case m.Num == 1 && m.Type == wire.Bytes:
				key = string(m.Bytes())
			case m.Num == 2 && m.Type == wire.Bytes:
				val = spell(m.Within(), depth+1)
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
