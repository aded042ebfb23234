package local

import (
	"context"
	"strconv"

	"flightdeck/backends"
)

// mostPending is a day of samples at one every 20 s; the job's own file has them all.
const mostPending = 4096

// Usage logs samples as MLflow's system metrics; those from before the first run
// wait for it. Samples for which there was an error come again.
func (t *tracker) Usage(ctx context.Context, samples []backends.Usage) error {
	id := t.last()
	if id == "" && t.job.Spec.Service { // none will come
		return nil
	}
	if id != "" {
		return t.log(t.ctx(ctx), id, samples)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = append(t.pending, samples...)
	if n := len(t.pending); n > mostPending {
		t.pending = append([]backends.Usage(nil), t.pending[n-mostPending:]...)
	}
	return nil
}

// log logs what waited and what is new. Both count as logged only when all of it is;
// the store takes a point that comes twice once.
func (t *tracker) log(ctx context.Context, id string, samples []backends.Usage) error {
	t.logging.Lock()
	defer t.logging.Unlock()
	t.mu.Lock()
	all, waited, step := append(append([]backends.Usage(nil), t.pending...), samples...), len(t.pending), t.samples
	t.mu.Unlock()
	var ms []backends.Metric
	for i, u := range all {
		ms = append(ms, systemMetrics(u, step+int64(i))...)
	}
	for len(ms) > 0 {
		n := min(len(ms), 1000)
		if err := t.st.LogBatch(ctx, id, ms[:n], nil, nil); err != nil {
			return err
		}
		ms = ms[n:]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending, t.samples = t.pending[waited:], step+int64(len(all))
	return nil
}

// systemMetrics are one sample under MLflow's names for system metrics.
func systemMetrics(u backends.Usage, step int64) []backends.Metric {
	at := u.At.UnixMilli()
	m := func(key string, v float64) backends.Metric {
		return backends.Metric{Key: "system/" + key, Value: v, Step: step, Time: at}
	}
	const mb = 1e6
	out := []backends.Metric{
		m("cpu_utilization_percentage", 100*u.CPU), m("system_memory_usage_megabytes", float64(u.Memory)/mb),
		m("disk_read_megabytes", float64(u.ReadBytes)/mb), m("disk_write_megabytes", float64(u.WriteBytes)/mb),
	}
	for _, g := range u.GPUs {
		p := "gpu_" + strconv.Itoa(g.Index) + "_"
		out = append(out, m(p+"utilization_percentage", g.Utilization), m(p+"memory_usage_megabytes", float64(g.Memory)/mb), m(p+"power_usage_watts", g.Power))
	}
	return out
}
