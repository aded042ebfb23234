package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"flightdeck/backends/folder"
	"flightdeck/backends/tensorboard"
)

// The event files that are read: 1 GB, 19.5 million points.
const (
	eventRuns   = 50
	eventTags   = 50
	eventPoints = 7800 // of each tag
)

// tensorboard measures how soon event files are there, beside TensorBoard's own fast
// data server: the same gRPC client asks both until it has seen everything.
func (b *bench) tensorboard(ctx context.Context) error {
	b.t.head(fmt.Sprintf("event files: %d runs × %d tags × %d points, page cache warm, over TensorBoard's data provider", eventRuns, eventTags, eventPoints))
	env := peersDir()
	if env == "" {
		return errors.New("no peers: .ci/peers/install could not make them")
	}
	found, err := filepath.Glob(filepath.Join(env, "train", "lib", "python3*", "site-packages", "tensorboard_data_server", "bin", "server"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("%d data servers in %s: %w", len(found), env, err)
	}
	logs := filepath.Join(b.dir, "events")
	size, err := writeEvents(logs)
	if err != nil {
		return err
	}
	var ours, theirs []loaded
	for range 5 {
		for _, s := range []struct {
			binary string
			to     *[]loaded
		}{{b.bin, &ours}, {found[0], &theirs}} {
			l, err := load1(ctx, s.binary, logs, filepath.Join(b.dir, "port"))
			if err != nil {
				return fmt.Errorf("%s: %w", s.binary, err)
			}
			*s.to = append(*s.to, l)
		}
	}
	pick := func(all []loaded, of func(loaded) time.Duration) time.Duration {
		var ds []time.Duration
		for _, l := range all {
			ds = append(ds, of(l))
		}
		return median(ds)
	}
	first, whole := func(l loaded) time.Duration { return l.first }, func(l loaded) time.Duration { return l.whole }
	for name, all := range map[string][]loaded{"flightdeck": ours, "TensorBoard's data server": theirs} {
		fmt.Printf("        %-26s first chart %s   all %s = %.0f MB/s   %d points of a series   peak %d MB\n",
			name, ms(pick(all, first)), ms(pick(all, whole)), float64(size)/1e6/pick(all, whole).Seconds(), all[0].points, all[0].peak>>20)
	}
	ratio := func(what string, of func(loaded) time.Duration, goal float64) {
		r := float64(pick(theirs, of)) / float64(pick(ours, of))
		b.t.add(row{what: what + ", theirs over ours", got: fmt.Sprintf("%.1f ×", r), goal: fmt.Sprintf("≥ %g ×", goal), n: len(ours), ok: r >= goal})
	}
	ratio("cold load of 1 GB", whole, 1)
	ratio("time to the first chart", first, 5)
	b.t.add(row{what: "points of a series that are there", got: strconv.Itoa(ours[0].points), goal: strconv.Itoa(eventPoints), n: 1, ok: ours[0].points == eventPoints})
	return b.opened(ctx, logs, size)
}

// opened measures the same folder as the program itself opens it.
func (b *bench) opened(ctx context.Context, logs string, size int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	tree, err := folder.NewTree(ctx, logs, folder.TreeOptions{})
	if err != nil {
		return err
	}
	be := folder.Open("logs", tree, tensorboard.Format{}, folder.Options{})
	if err := be.Settle(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	b.t.add(row{what: "opened in place, every point in memory", got: fmt.Sprintf("%.0f MB/s", float64(size)/1e6/took.Seconds()), n: 1, note: ms(took)})
	return nil
}

// loaded is what was seen of one start of a data server.
type loaded struct {
	first, whole time.Duration // since the process was started
	points       int           // of one series, when all are asked for
	peak         int64         // bytes of memory
}

// load1 starts a data server on a folder and asks until everything is listed.
func load1(ctx context.Context, binary, logs, portFile string) (l loaded, err error) {
	_ = os.Remove(portFile)
	cmd := exec.CommandContext(ctx, binary, "--logdir="+logs, "--reload=once", "--samples-per-plugin=", "--port=0", "--port-file="+portFile, "--die-after-stdin")
	in, err := cmd.StdinPipe()
	if err != nil {
		return l, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, in.Close()); _ = cmd.Wait() }()
	var port string
	for port == "" {
		if data, err := os.ReadFile(portFile); err == nil && bytes.HasSuffix(data, []byte("\n")) {
			port = strings.TrimSpace(string(data))
		}
		if time.Since(start) > time.Minute {
			return l, errors.New("it does not say where it listens")
		}
		time.Sleep(time.Millisecond)
	}
	c := newProvider("http://localhost:" + port)
	defer c.CloseIdleConnections()
	for l.whole == 0 {
		list, err := c.ask(ctx, "ListScalars", scalarsRequest("", "", 0))
		if err != nil {
			return l, err
		}
		if l.first == 0 && len(list.runs) > 0 {
			one, err := c.ask(ctx, "ReadScalars", scalarsRequest(list.run, list.tag, 1000))
			if err != nil {
				return l, err
			}
			if one.points > 0 {
				l.first = time.Since(start)
			}
		}
		if list.complete == eventRuns*eventTags {
			l.whole = time.Since(start)
			one, err := c.ask(ctx, "ReadScalars", scalarsRequest(list.run, list.tag, 1<<30))
			if err != nil {
				return l, err
			}
			l.points = one.points
		}
		if time.Since(start) > 5*time.Minute {
			return l, fmt.Errorf("%d of %d series after five minutes", list.complete, eventRuns*eventTags)
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.peak = peakOf(cmd.Process.Pid)
	return l, nil
}

// peakOf is the most memory that a process had.
func peakOf(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.ParseInt(kb, 10, 64)
	return n << 10
}

// provider is a client of TensorBoardDataProvider.
type provider struct {
	http.Client
	url string
}

func newProvider(url string) *provider {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return &provider{http.Client{Transport: tr}, url}
}

func scalarsRequest(run, tag string, points int64) []byte {
	text := func(to []byte, num protowire.Number, v []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(to, num, protowire.BytesType), v)
	}
	m := text(nil, 2, text(nil, 1, []byte("scalars")))
	if run != "" {
		m = text(m, 3, text(text(nil, 1, text(nil, 1, []byte(run))), 2, text(nil, 1, []byte(tag))))
	}
	return text(m, 4, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(points)))
}

// answer is what matters of a listing or a reading.
type answer struct {
	runs     map[string]bool
	run, tag string // the first
	complete int    // series that have come to their last step
	points   int    // of the last series
}

func (p *provider) ask(ctx context.Context, method string, request []byte) (a answer, err error) {
	body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request))), request...)
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/tensorboard.data.TensorBoardDataProvider/"+method, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	q.Header.Set("Content-Type", "application/grpc")
	q.Header.Set("Te", "trailers")
	r, err := p.Do(q)
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	if err != nil || len(all) < 5 {
		return a, fmt.Errorf("%s: %d bytes, status %s %w", method, len(all), r.Trailer.Get("Grpc-Status"), err)
	}
	a.runs = map[string]bool{}
	each(all[5:], func(_ protowire.Number, entry []byte, _ uint64) {
		run := ""
		each(entry, func(num protowire.Number, v []byte, _ uint64) {
			if num == 1 {
				run = string(v)
				a.runs[run] = true
				return
			}
			a.series(run, v)
		})
	})
	return a, nil
}

// series takes one tag of an answer.
func (a *answer) series(run string, b []byte) {
	each(b, func(num protowire.Number, v []byte, _ uint64) {
		if num == 1 {
			if a.run == "" {
				a.run, a.tag = run, string(v)
			}
			return
		}
		each(v, func(num protowire.Number, v []byte, n uint64) {
			switch {
			case num == 1 && n >= eventPoints-1: // max_step
				a.complete++
			case num == 2 && v != nil: // wall_time, eight bytes a point
				a.points = len(v) / 8
			}
		})
	})
}

func each(b []byte, f func(protowire.Number, []byte, uint64)) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, kind, b)
		if size < 0 {
			return
		}
		switch kind {
		case protowire.BytesType:
			v, _ := protowire.ConsumeBytes(b)
			f(num, v, 0)
		case protowire.VarintType:
			v, _ := protowire.ConsumeVarint(b)
			f(num, nil, v)
		}
		b = b[size:]
	}
}
