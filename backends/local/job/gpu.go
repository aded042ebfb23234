package job

import (
	"context"
	"encoding/csv"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"flightdeck/backends"
)

// GPUs asks nvidia-smi, where it is installed, what the GPUs that these processes
// compute on are doing. Inside a container the driver may hide whose the work is;
// then all GPUs that it shows are given, since the container was given them.
func GPUs(ctx context.Context, pids []int) ([]backends.GPUUsage, error) {
	smi, err := exec.LookPath("nvidia-smi")
	if err != nil {
		return nil, nil // no driver is no error
	}
	ask := func(query string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, smi, query, "--format=csv,noheader,nounits").Output()
		if err != nil {
			return nil, fmt.Errorf("nvidia-smi %s: %w", query, err)
		}
		return out, nil
	}
	apps, err := ask("--query-compute-apps=pid,gpu_uuid")
	if err != nil {
		return nil, err
	}
	gpus, err := ask("--query-gpu=index,uuid,name,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu")
	if err != nil {
		return nil, err
	}
	return ParseGPUs(gpus, apps, pids)
}

// ParseGPUs reads nvidia-smi's two tables: GPUs (index, uuid, name, utilization in
// percent, memory used and total in MiB, power in watts, temperature in °C) and
// compute processes (pid, uuid). What a GPU does not report is 0.
func ParseGPUs(gpus, apps []byte, pids []int) ([]backends.GPUUsage, error) {
	rows, err := table(gpus, 8)
	if err != nil {
		return nil, fmt.Errorf("nvidia-smi gpus: %w", err)
	}
	procs, err := table(apps, 2)
	if err != nil {
		return nil, fmt.Errorf("nvidia-smi processes: %w", err)
	}
	ours, seen := map[string]bool{}, false
	for _, p := range procs {
		pid, err := strconv.Atoi(p[0])
		if err != nil || pid <= 0 {
			continue
		}
		seen = true
		if slices.Contains(pids, pid) {
			ours[p[1]] = true
		}
	}
	var out []backends.GPUUsage
	for _, r := range rows {
		index, err := strconv.Atoi(r[0])
		if err != nil || seen && !ours[r[1]] {
			continue
		}
		u := backends.GPUUsage{
			Index: index, Name: r[2], Utilization: number(r[3]), Power: number(r[6]), Temperature: number(r[7]),
			Memory: int64(number(r[4])) << 20, MemoryTotal: int64(number(r[5])) << 20,
		}
		if !seen && u.Utilization == 0 {
			continue // nobody computes, so it is not ours either
		}
		out = append(out, u)
	}
	return out, nil
}

func table(b []byte, columns int) ([][]string, error) {
	r := csv.NewReader(strings.NewReader(string(b)))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = columns, true, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return rows, nil
}

// number reads a figure; "[N/A]" and "[Not Supported]" are 0, and so is nonsense.
func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < 1e9) {
		return 0
	}
	return f
}

// gpuWatch samples the GPUs beside the loop: nvidia-smi takes up to a second.
type gpuWatch struct {
	pids atomic.Pointer[[]int]
	got  atomic.Pointer[gpuSample]
}

type gpuSample struct {
	gpus []backends.GPUUsage
	err  error
	at   time.Time
}

func (g *gpuWatch) start(ctx context.Context, ask func(context.Context, []int) ([]backends.GPUUsage, error)) {
	go func() {
		t := time.NewTicker(steadyPace)
		defer t.Stop()
		for {
			if pids := g.pids.Load(); pids != nil {
				gpus, err := ask(ctx, *pids)
				g.got.Store(&gpuSample{gpus: gpus, err: err, at: time.Now()})
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	}()
}

// latest is the last sample unless it is old; it says for whom to ask next.
func (g *gpuWatch) latest(pids []int) ([]backends.GPUUsage, error) {
	p := append([]int(nil), pids...)
	g.pids.Store(&p)
	s := g.got.Load()
	if s == nil || time.Since(s.at) > 3*steadyPace {
		return nil, nil
	}
	return s.gpus, s.err
}
