package experiments

import (
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// way is one way to get runs: a key or a command, and what it does.
type way struct{ key, what, note string }

// trackingURI is the line after which every MLflow client logs here, as soon as
// flightdeck serve runs.
const trackingURI = "export MLFLOW_TRACKING_URI=http://127.0.0.1:5000"

// ways is how to get the first runs, the quickest first.
func ways(startable bool) []way {
	var out []way
	if startable {
		out = append(out, way{"n", "start one", "a built-in model, or any command"})
	}
	return append(out,
		way{"", "flightdeck train digits", "the built-in trainer, from a shell"},
		way{"", "flightdeck run -- python train.py", "any command, as a job that stays"},
		way{"", "flightdeck ./DIR", "runs that other tools wrote there"},
		way{"", "flightdeck serve", "an MLflow server; then, for scripts:"},
		way{"y", trackingURI, ""})
}

// empty is what to do first. Notes stand beside the commands where there is room,
// else below them.
func empty(f tui.Frame, all []way) string {
	s := &sheet{}
	s.begin(f)
	set := &f.Theme.Plain
	const left = 7
	what, note := 0, 0
	for _, w := range all {
		if w.note != "" {
			what, note = max(what, cell.Width(w.what)), max(note, cell.Width(w.note))
		}
	}
	beside := left+what+3+note <= f.W
	roomy := f.H > len(all)+6 && f.W >= 60
	if roomy {
		s.add(s.line())
		s.add(s.line())
	}
	for _, part := range cell.Wrap("No runs here yet. Ways to get one:", max(1, f.W-5)) {
		s.add(s.line().Space(3).Put(set.Title, part))
	}
	if roomy || f.H > len(all)+1 {
		s.add(s.line())
	}
	below := !beside && f.H > 2*len(all)+2
	for _, w := range all {
		l := s.line().Space(3).Put(set.Title, w.key).Fill(left)
		style := set.Selected
		if w.key == "n" {
			style = set.Text
		}
		l.Put(style, w.what)
		if !beside {
			s.add(l)
			if below && w.note != "" {
				s.add(s.line().Fill(left+2).Put(set.Dim, w.note))
			}
			continue
		}
		s.add(l.Fill(left+what+3).Put(set.Dim, w.note))
	}
	return s.end()
}
