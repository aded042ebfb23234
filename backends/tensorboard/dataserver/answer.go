package dataserver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

// message is a message in the making.
type encoded []byte

func (m *encoded) bytes(num protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, num, protowire.BytesType), v)
}

func (m *encoded) text(num protowire.Number, v string) {
	if v != "" {
		*m = protowire.AppendString(protowire.AppendTag(*m, num, protowire.BytesType), v)
	}
}

func (m *encoded) number(num protowire.Number, v int64) {
	if v != 0 {
		*m = protowire.AppendVarint(protowire.AppendTag(*m, num, protowire.VarintType), uint64(v))
	}
}

func (m *encoded) double(num protowire.Number, v float64) {
	if v != 0 {
		*m = protowire.AppendFixed64(protowire.AppendTag(*m, num, protowire.Fixed64Type), math.Float64bits(v))
	}
}

func (m *encoded) packedSteps(num protowire.Number, n int, at func(int) int64) {
	var p []byte
	for i := range n {
		p = protowire.AppendVarint(p, uint64(at(i)))
	}
	m.bytes(num, p)
}

func (m *encoded) packedDoubles(num protowire.Number, n int, at func(int) float64) {
	p := make([]byte, 0, 8*n)
	for i := range n {
		p = protowire.AppendFixed64(p, math.Float64bits(at(i)))
	}
	m.bytes(num, p)
}

// summary is a SummaryMetadata.
func summary(md events.Metadata) []byte {
	var plugin, m encoded
	plugin.text(1, md.Plugin)
	if len(md.Content) > 0 {
		plugin.bytes(2, md.Content)
	}
	m.bytes(1, plugin)
	m.text(2, md.DisplayName)
	m.text(3, md.Description)
	m.number(4, int64(md.Class))
	return m
}

func (s *Server) getExperiment(context.Context, *request) ([]byte, error) {
	var m encoded
	m.text(1, s.o.Logdir)
	return m, nil
}

func (s *Server) listPlugins(ctx context.Context, _ *request) ([]byte, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, r := range all {
		for _, c := range []events.Class{events.Scalar, events.Tensor, events.Blob} {
			for _, t := range r.tags(c) {
				names[t.meta.Plugin] = true
			}
		}
	}
	var m encoded
	for _, name := range sorted(names) {
		var plugin encoded
		plugin.text(1, name)
		m.bytes(1, plugin)
	}
	return m, nil
}

func (s *Server) listRuns(ctx context.Context, _ *request) ([]byte, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	var m encoded
	for _, r := range all {
		var one encoded
		one.text(2, r.name())
		one.double(3, r.start())
		m.bytes(1, one)
	}
	return m, nil
}

// each answers with the runs and tags of a class that q asks for; row writes what
// belongs to one tag into its field 2.
func (s *Server) each(ctx context.Context, q *request, c events.Class, reads bool, row func(r run, t tag) ([]byte, error)) ([]byte, error) {
	if err := q.complete(reads); err != nil {
		return nil, err
	}
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	var m encoded
	for _, r := range all {
		if !wants(q.runs, r.name()) {
			continue
		}
		var entry encoded
		entry.text(1, r.name())
		found := false
		for _, t := range r.tags(c) {
			if t.meta.Plugin != q.plugin || !wants(q.tags, t.name) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			data, err := row(r, t)
			if errors.Is(err, backends.ErrNotFound) { // it went away since it was listed
				s.o.Log("%s of run %s: %v", t.name, r.name(), err)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s of run %s: %w", t.name, r.name(), err)
			}
			var one encoded
			one.text(1, t.name)
			one.bytes(2, data)
			entry.bytes(2, one)
			found = true
		}
		if found {
			m.bytes(1, entry)
		}
	}
	return m, nil
}

func (s *Server) listScalars(ctx context.Context, q *request) ([]byte, error) {
	return s.each(ctx, q, events.Scalar, false, listed)
}

func (s *Server) listTensors(ctx context.Context, q *request) ([]byte, error) {
	return s.each(ctx, q, events.Tensor, false, listed)
}

func listed(_ run, t tag) ([]byte, error) {
	var m encoded
	m.number(1, t.step)
	m.double(2, t.wall)
	m.bytes(3, summary(t.meta))
	return m, nil
}

func (s *Server) listBlobs(ctx context.Context, q *request) ([]byte, error) {
	return s.each(ctx, q, events.Blob, false, func(_ run, t tag) ([]byte, error) {
		var m encoded
		m.number(1, t.step)
		m.double(2, t.wall)
		m.number(3, int64(t.longest))
		m.bytes(4, summary(t.meta))
		return m, nil
	})
}

func (s *Server) readScalars(ctx context.Context, q *request) ([]byte, error) {
	n := s.most(q.plugin, q.points)
	return s.each(ctx, q, events.Scalar, true, func(r run, t tag) ([]byte, error) {
		p, err := r.scalars(ctx, t.name)
		if err != nil {
			return nil, err
		}
		at := thin(p.value, n)
		values := make([]byte, 0, 4*len(at))
		for _, i := range at {
			values = protowire.AppendFixed32(values, math.Float32bits(p.value[i]))
		}
		var m encoded
		m.packedSteps(1, len(at), func(i int) int64 { return p.step[at[i]] })
		m.packedDoubles(2, len(at), func(i int) float64 { return p.wall[at[i]] })
		m.bytes(3, values)
		return m, nil
	})
}

// readData answers with data of a series: value writes one of them.
func (s *Server) readData(ctx context.Context, q *request, c events.Class, value func(r run, d datum) ([]byte, error)) ([]byte, error) {
	n := s.most(q.plugin, q.points)
	return s.each(ctx, q, c, true, func(r run, t tag) ([]byte, error) {
		all := r.data(t.name)
		at := even(len(all), n)
		var m encoded
		m.packedSteps(1, len(at), func(i int) int64 { return all[at[i]].step })
		m.packedDoubles(2, len(at), func(i int) float64 { return all[at[i]].wall })
		for _, i := range at {
			v, err := value(r, all[i])
			if err != nil {
				return nil, err
			}
			m.bytes(3, v)
		}
		return m, nil
	})
}

func (s *Server) readTensors(ctx context.Context, q *request) ([]byte, error) {
	return s.readData(ctx, q, events.Tensor, tensor)
}

func (s *Server) readBlobs(ctx context.Context, q *request) ([]byte, error) {
	return s.readData(ctx, q, events.Blob, func(r run, d datum) ([]byte, error) {
		var m encoded
		for _, b := range d.blobs {
			var ref encoded
			ref.text(1, blobKey(r.name(), b))
			m.bytes(1, ref)
		}
		return m, nil
	})
}

func sorted(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
