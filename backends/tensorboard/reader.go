package tensorboard

import (
	"fmt"
	"math"
	"slices"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/tensorboard/events"
)

// Reader reads the event files of one run.
type Reader struct {
	dir  string
	run  *events.Run
	to   folder.Sink
	info folder.Info
	told folder.Info

	params map[string]string
	times  []int64 // reused
	newest float64 // wall time of what was read last
	ended  float64 // when the session says that it ended
}

// Scalars takes points of a tag.
func (r *Reader) Scalars(s *events.Series, p events.Points) {
	r.times = r.times[:0]
	for _, w := range p.Wall {
		r.times = append(r.times, millis(w))
	}
	r.newest = later(r.newest, p.Wall[p.Len()-1])
	r.to.Points(s.Tag, backends.Points{Step: p.Step, Time: r.times, Value: p.Value})
}

// later is the later of two wall times; what is no time does not count.
func later(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// millis is a wall time in milliseconds since 1970; one that is no time is 0.
func millis(wall float64) int64 {
	ms := math.Round(wall * 1000)
	if !(math.Abs(ms) < 1<<53) {
		return 0
	}
	return int64(ms)
}

// Datum takes a value that is no scalar.
func (r *Reader) Datum(s *events.Series, d events.Datum) {
	switch s.Meta.Plugin {
	case events.PluginHistograms:
		if h, ok := d.Histogram(); ok {
			r.to.Histograms(s.Tag, histogram(h, d))
		}
	case events.PluginImages:
		width, height, places := d.Images()
		r.media(backends.MediaImage, s, d, places, backends.MediaItem{Width: width, Height: height})
	case events.PluginAudio:
		places, mime := d.Sounds()
		r.media(backends.MediaAudio, s, d, places, backends.MediaItem{Type: mime})
	case events.PluginText:
		r.media(backends.MediaText, s, d, d.Strings(), backends.MediaItem{Type: "text/markdown"})
	case events.PluginHParams:
		if session, ok := events.ParseSession(d.Content); ok {
			r.session(session)
		}
	}
}

// histogram drops what is no bucket, so that the others rise and do not overlap.
func histogram(h events.Histogram, d events.Datum) backends.Histogram {
	out := backends.Histogram{Step: d.Step, Time: millis(d.Wall), Left: h.Left, Right: h.Right, Count: h.Count}
	rises := func(i int) bool { return h.Left[i] <= h.Right[i] && (i == 0 || h.Left[i] >= h.Right[i-1]) }
	for i := range h.Left {
		if !rises(i) {
			out.Left, out.Right, out.Count = nil, nil, nil
			for j := range h.Left {
				n := len(out.Right)
				if h.Left[j] <= h.Right[j] && (n == 0 || h.Left[j] >= out.Right[n-1]) {
					out.Left, out.Right, out.Count = append(out.Left, h.Left[j]), append(out.Right, h.Right[j]), append(out.Count, h.Count[j])
				}
			}
			break
		}
	}
	return out
}

// media tells the items of one step. like is what they have in common.
func (r *Reader) media(kind backends.MediaKind, s *events.Series, d events.Datum, places []events.Place, like backends.MediaItem) {
	items := make([]backends.MediaItem, 0, len(places))
	for i, p := range places {
		item := like
		item.Step, item.Time, item.Index, item.Size, item.Place = d.Step, millis(d.Wall), i, p.Length, place(p)
		if item.Type == "" {
			start := int(p.Offset - d.Place.Offset)
			item.Type = events.Sniff(d.Body[start:min(len(d.Body), start+16)])
		}
		items = append(items, item)
	}
	if len(items) > 0 {
		r.to.Media(kind, s.Tag, items...)
	}
	r.newest = later(r.newest, d.Wall)
}

// session takes what the hparams plugin says of the run.
func (r *Reader) session(s events.Session) {
	if s.Started {
		if r.params == nil {
			r.params = map[string]string{}
		}
		params := make([]backends.Param, 0, len(s.HParams))
		for _, p := range s.HParams {
			if old, known := r.params[p.Key]; !known || old != p.Value {
				r.params[p.Key] = p.Value
				params = append(params, backends.Param{Key: p.Key, Value: p.Value})
			}
		}
		slices.SortFunc(params, func(a, b backends.Param) int { return compare(a.Key, b.Key) })
		if len(params) > 0 {
			r.to.Params(params...)
		}
		var tags []backends.Tag
		for _, t := range [...]backends.Tag{{Key: "hparams.group_name", Value: s.Group}, {Key: "hparams.model_uri", Value: s.Model}} {
			if t.Value != "" {
				tags = append(tags, t)
			}
		}
		if len(tags) > 0 {
			r.to.Tags(tags...)
		}
		if s.Start > 0 {
			r.info.Start = moment(s.Start)
		}
	}
	if s.Ended {
		r.ended = s.End
		switch s.Status {
		case events.SessionFailure:
			r.info.Status = backends.RunFailed
		case events.SessionSuccess:
			r.info.Status = backends.RunFinished
		default:
			r.info.Status = ""
		}
	}
}

// tellInfo tells what is known of the run as a whole, when that is new. torch
// writes "success" before the first step of a training, without a time: such an end
// says nothing, and the files must tell whether the run goes on.
func (r *Reader) tellInfo() {
	now := r.info
	if start, ok := r.run.Start(); ok && now.Start.IsZero() {
		now.Start = moment(start)
	}
	if r.ended > 0 && r.newest <= r.ended {
		now.End = moment(r.ended)
	} else if now.Status == backends.RunFinished {
		now.Status = ""
	}
	if now.Start != r.told.Start || now.End != r.told.End || now.Status != r.told.Status {
		r.told = now
		r.to.Info(now)
	}
}

func moment(wall float64) time.Time {
	if ms := millis(wall); ms != 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// Rewind forgets values that a restarted run wrote again.
func (r *Reader) Rewind(s *events.Series, step int64) {
	if s == nil {
		r.to.Rewind(step)
		return
	}
	if to, ok := r.to.(folder.KeyRewinder); ok {
		to.RewindKey(s.Tag, step)
	}
}

// Forget forgets the run: a file was written anew.
func (r *Reader) Forget() {
	r.info, r.told, r.params, r.newest, r.ended = folder.Info{}, folder.Info{}, nil, 0, 0
	r.to.Forget()
}

// Trouble tells what cannot be read.
func (r *Reader) Trouble(err error) { r.to.Trouble(fmt.Errorf("event files: %w", err)) }
