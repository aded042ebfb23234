package dataserver

import (
	"bytes"
	"context"
	"io"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

// sourceRun is a run of a Source as TensorBoard sees it: its metrics are scalars,
// its params a session of the hparams plugin.
type sourceRun struct {
	*backends.Run
	id     string
	source Source
}

// fromSource is the runs of the source. Two of one name are told apart by their ids.
func (s *Server) fromSource(ctx context.Context) ([]run, error) {
	runs, err := s.o.Source.Runs(ctx, backends.RunFilter{})
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := map[string]int{}
	for _, r := range runs {
		names[runName(r)]++
	}
	out := make([]run, 0, len(runs))
	for _, r := range runs {
		id := runName(r)
		if names[id] > 1 || s.runs[id] != nil {
			id += " (" + r.ID + ")"
		}
		out = append(out, &sourceRun{r, id, s.o.Source})
	}
	return out, nil
}

func runName(r *backends.Run) string {
	name := r.Name
	if name == "" {
		name = r.ID
	}
	if r.ExpName == "" || r.ExpName == "Default" {
		return name
	}
	return r.ExpName + "/" + name
}

func (r *sourceRun) name() string   { return r.id }
func (r *sourceRun) start() float64 { return seconds(r.Start.UnixMilli()) }

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// The tags of the hparams plugin.
const (
	tagSessionStart = "_hparams_/session_start_info"
	tagSessionEnd   = "_hparams_/session_end_info"
)

func (r *sourceRun) tags(c events.Class) []tag {
	var out []tag
	switch c {
	case events.Scalar:
		for _, m := range r.Metrics {
			out = append(out, tag{name: m.Key, step: m.Step, wall: seconds(m.Time), meta: events.Metadata{Plugin: events.PluginScalars, Class: c}})
		}
	case events.Tensor:
		if len(r.Params) == 0 {
			break
		}
		hparams := func(name string, content []byte) tag {
			return tag{name: name, wall: r.start(), meta: events.Metadata{Plugin: events.PluginHParams, Content: content, Class: c}}
		}
		if !r.Active() {
			out = append(out, hparams(tagSessionEnd, r.sessionEnd()))
		}
		out = append(out, hparams(tagSessionStart, r.sessionStart()))
	}
	return out
}

func (r *sourceRun) scalars(ctx context.Context, name string) (points, error) {
	h, err := r.source.History(ctx, r.Ref(), name)
	if err != nil {
		return points{}, err
	}
	p := h.Points()
	out := points{step: p.Step, wall: make([]float64, p.Len()), value: make([]float32, p.Len())}
	for i := range p.Value {
		out.wall[i], out.value[i] = seconds(p.Time[i]), float32(p.Value[i])
	}
	return out, nil
}

func (r *sourceRun) data(string) []datum {
	return []datum{{wall: r.start(), form: events.TensorValue, literal: noTensor()}}
}

func (r *sourceRun) open(d datum) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(d.literal)), nil
}

// sessionStart is an HParamsPluginData with the params. Those that are numbers are
// told as such: the page draws them on an axis.
func (r *sourceRun) sessionStart() []byte {
	var info encoded
	for _, p := range r.Params {
		var value, entry encoded
		if x, err := strconv.ParseFloat(p.Value, 64); err == nil && !math.IsNaN(x) && !math.IsInf(x, 0) {
			value = protowire.AppendFixed64(protowire.AppendTag(value, 2, protowire.Fixed64Type), math.Float64bits(x))
		} else {
			value.bytes(3, []byte(p.Value))
		}
		entry.text(1, p.Key)
		entry.bytes(2, value)
		info.bytes(1, entry)
	}
	info.text(4, r.ID)
	info.double(5, r.start())
	var m encoded
	m.bytes(3, info)
	return m
}

func (r *sourceRun) sessionEnd() []byte {
	var info encoded
	status := int64(events.SessionSuccess)
	if r.Status != backends.RunFinished {
		status = int64(events.SessionFailure)
	}
	info.number(1, status)
	if end := (time.Time{}); r.End != end {
		info.double(2, seconds(r.End.UnixMilli()))
	}
	var m encoded
	m.bytes(4, info)
	return m
}
