package train

import (
	"context"
	"errors"
	"slices"
	"strings"

	"flightdeck/backends"
)

// memory is a Sink that keeps what it is told.
type memory struct {
	run, resumed string
	params       []backends.Param
	metrics      []backends.Metric
	tags         []backends.Tag
	inputs       []backends.Dataset
	artifacts    map[string][]byte
	status       backends.RunStatus
	batches      int
	fail         int // so many batches are refused

	onMetrics func()
}

func (m *memory) CreateRun(_ context.Context, _, resume string) (string, error) {
	m.resumed = resume
	if resume != "" {
		m.run = resume
	}
	if m.run == "" {
		m.run = strings.Repeat("a", 32)
	}
	return m.run, nil
}

func (m *memory) Params(_ context.Context, p []backends.Param) error {
	m.params = append(m.params, p...)
	return nil
}

func (m *memory) Metrics(ctx context.Context, p []backends.Metric) error {
	if m.onMetrics != nil {
		m.onMetrics()
	}
	if m.fail > 0 {
		m.fail--
		return errors.New("endpoint is away")
	}
	if len(p) > MaxBatch {
		return errors.New("batch too large")
	}
	m.batches++
	m.metrics = append(m.metrics, p...)
	return nil
}

func (m *memory) Tags(_ context.Context, t []backends.Tag) error {
	m.tags = append(m.tags, t...)
	return nil
}

func (m *memory) Inputs(_ context.Context, d []backends.Dataset) error {
	m.inputs = append(m.inputs, d...)
	return nil
}

func (m *memory) Artifact(_ context.Context, path string, content []byte) error {
	if m.artifacts == nil {
		m.artifacts = map[string][]byte{}
	}
	m.artifacts[path] = slices.Clone(content)
	return nil
}

func (m *memory) Finish(ctx context.Context, s backends.RunStatus) error {
	m.status = s
	return ctx.Err()
}

// values are a metric's, in the order of their logging.
func (m *memory) values(key string) []float64 {
	var out []float64
	for _, p := range m.metrics {
		if p.Key == key {
			out = append(out, p.Value)
		}
	}
	return out
}

func (m *memory) param(key string) string {
	for _, p := range m.params {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}
