package lightning

import (
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/sinktest"
)

// want is what Lightning gave its logger and what csv.DictReader and yaml read back
// (testdata/make.py).
type want struct {
	Logged  []logged          `json:"logged"`
	CSV     map[string][]cell `json:"csv"`
	Hparams map[string]any    `json:"hparams"`
}

type logged struct {
	step   int64
	values map[string]any
}

func (l *logged) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&l.step, &l.values})
}

type cell struct {
	step  int64
	value string
}

func (c *cell) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&c.step, &c.value}) }

func load(t testing.TB, path string) want {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var w want
	if err := json.Unmarshal(flat.Numbers(data), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// check holds the run against both: what was logged, and what the file says.
func (w want) check(t *testing.T, s *sinktest.Sink) {
	t.Helper()
	for key, cells := range w.CSV {
		points := make([]sinktest.Point, len(cells))
		for i, c := range cells {
			v, err := strconv.ParseFloat(c.value, 64)
			if err != nil {
				t.Fatal(err)
			}
			points[i] = sinktest.Point{Step: c.step, Value: v}
		}
		if got := s.Of(key); !sinktest.Same(got, points) {
			t.Errorf("%s:\n%v, want\n%v", key, got, points)
		}
	}
	if got, want := slices.Sorted(maps.Keys(s.Metrics)), slices.Sorted(maps.Keys(w.CSV)); !slices.Equal(got, want) {
		t.Errorf("metrics %q, want %q", got, want)
	}
	points := map[string][]sinktest.Point{}
	for _, l := range w.Logged {
		for k, v := range l.values {
			f, ok := v.(float64)
			if !ok {
				f = math.NaN()
			}
			points[k] = append(points[k], sinktest.Point{Step: l.step, Value: f})
		}
	}
	for key, want := range points {
		if got := s.Of(key); !sinktest.Same(got, want) {
			t.Errorf("%s: %v, logged %v", key, got, want)
		}
	}
	if len(points) < 5 {
		t.Errorf("only %d metrics were logged", len(points))
	}
}

// events stands in for the format of event files: it knows where they are.
type events struct{}

func (events) Kind() string { return "events" }
func (events) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	for _, e := range entries {
		if strings.Contains(e.Name(), "tfevents") {
			return []folder.Place{{ID: rel, Path: dir}}
		}
	}
	return nil
}
func (events) Open(folder.Place) folder.Reader { return &eventReader{} }

type eventReader struct{ n int64 }

func (r *eventReader) Read(_ context.Context, to folder.Sink) error {
	p := backends.Points{Step: []int64{r.n}, Time: []int64{r.n}, Value: []float64{float64(r.n)}}
	r.n++
	to.Points("train_loss_step", p)
	to.Points("only_events", p)
	if r.n == 1 {
		to.Histograms("weights", backends.Histogram{})
	}
	return nil
}
func (*eventReader) Close() error { return nil }

func TestPlaces(t *testing.T) {
	got := sinktest.Places(t, Format{Inner: []folder.Format{events{}}}, "testdata")
	want := []folder.Place{
		{ID: "csv/lightning_logs/version_0", Name: "csv/version_0", Experiment: "lightning_logs", Path: "testdata/csv/lightning_logs/version_0"},
		{ID: "tb/lightning_logs/version_0", Name: "tb/version_0", Experiment: "lightning_logs", Path: "testdata/tb/lightning_logs/version_0"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("places %+v", got)
	}
}

func TestPlacesByName(t *testing.T) {
	for _, c := range []struct {
		files string // a name with a slash at the end is a folder
		dir   string
		found bool
	}{
		{"metrics.csv", "anything", true},
		{"metrics.csv/", "anything", false},
		{"hparams.yaml", "project", false},
		{"hparams.yaml", "version_3", true},
		{"hparams.yaml checkpoints/", "mine", true},
		{"hparams.yaml events.out.tfevents.1", "mine", true},
		{"events.out.tfevents.1", "version_0", false},
		{"", "version_0", false},
	} {
		dir := filepath.Join(t.TempDir(), c.dir)
		for _, f := range append([]string{"./"}, strings.Fields(c.files)...) {
			var err error
			if path := filepath.Join(dir, f); strings.HasSuffix(f, "/") {
				err = os.MkdirAll(path, 0o755)
			} else {
				err = os.WriteFile(path, nil, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Format{Inner: []folder.Format{events{}}}).Places(dir, c.dir, entries); (len(got) == 1) != c.found {
			t.Errorf("%s in %s: %v", c.files, c.dir, got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range [][3]string{
		{".", "", ""},
		{"version_0", "version_0", ""},
		{"lightning_logs/version_0", "version_0", "lightning_logs"},
		{"a/lightning_logs/version_0", "a/version_0", "lightning_logs"},
		{"x/y/logs/v", "x/y/v", "logs"},
	} {
		if name, exp := names(c[0]); name != c[1] || exp != c[2] {
			t.Errorf("%s: %q of %q", c[0], name, exp)
		}
	}
}

const version0 = "testdata/csv/lightning_logs/version_0"

func TestRead(t *testing.T) {
	s := sinktest.Read(t, Format{}, folder.Place{ID: "v", Path: version0})
	w := load(t, "testdata/want.json")
	w.check(t, s)
	if len(s.Troubles) > 0 {
		t.Errorf("troubles %q", s.Troubles)
	}
	h := w.Hparams
	opt := h["optimizer"].(map[string]any)
	eps, err := strconv.ParseFloat(s.ParamMap["optimizer.nested.eps"], 64)
	if err != nil || eps != opt["nested"].(map[string]any)["eps"] {
		t.Errorf("eps: %v, %v", eps, err)
	}
	for key, value := range map[string]any{
		"color": h["color"], "optimizer.name": opt["name"], "lr": "0.05", "empty": "null", "sizes": "[8, 16]",
		"optimizer.betas": "[0.9, 0.999]", "activation": "torch.nn.modules.activation." + h["activation"].(string),
	} {
		if s.ParamMap[key] != value {
			t.Errorf("param %s is %q, want %q", key, s.ParamMap[key], value)
		}
	}
	if s.TagMap[TagCheckpoint] != "checkpoints/epoch=3-step=16.ckpt" || s.TagMap[TagCheckpointEpoch] != "3" || s.TagMap[TagCheckpointStep] != "16" {
		t.Errorf("tags %v", s.TagMap)
	}
}

// TestFollow replays what the logger left after each of its saves: it appends to the
// file, and truncates it and writes it whole when there is a new metric.
func TestFollow(t *testing.T) {
	saves, err := filepath.Glob("testdata/csv/saves/*.csv")
	if err != nil || len(saves) < 10 {
		t.Fatalf("%d saves, %v", len(saves), err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	r, s := Format{}.Open(folder.Place{Path: dir}), &sinktest.Sink{}
	defer r.Close()
	var before []byte
	headers := map[string]bool{}
	for _, save := range saves {
		data, err := os.ReadFile(save)
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(data), "\n")
		headers[header] = true
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil && strings.HasPrefix(string(data), string(before)) {
			_, err = f.WriteAt(data[len(before):], int64(len(before)))
		} else if err == nil {
			err = f.Truncate(0)
			for _, part := range [][]byte{data[:20], data[20 : len(data)-9], data[len(data)-9:]} { // seen half-way, too
				_, werr := f.Write(part)
				if rerr := r.Read(t.Context(), s); werr != nil || rerr != nil {
					t.Fatal(werr, rerr)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		before = data
	}
	load(t, "testdata/want.json").check(t, s)
	if s.Forgotten != len(headers)-1 || len(headers) < 3 {
		t.Errorf("forgotten %d times with %d headers", s.Forgotten, len(headers))
	}
}

func TestBesideEvents(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"hparams.yaml": "lr: 1\n", "events.out.tfevents.1": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, s := Format{Inner: []folder.Format{events{}}}.Open(folder.Place{Path: dir}), &sinktest.Sink{}
	defer r.Close()
	read := func() {
		t.Helper()
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	read()
	read()
	if len(s.Of("train_loss_step")) != 2 || len(s.Of("only_events")) != 2 || s.Forgotten != 0 || s.ParamMap["lr"] != "1" {
		t.Fatalf("%+v", s)
	}
	if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte("step,train_loss_step\n7,0.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read()
	if got := s.Of("train_loss_step"); !sinktest.Same(got, []sinktest.Point{{Step: 7, Value: 0.5}}) {
		t.Errorf("what has a column comes from the events: %v", got)
	}
	if len(s.Of("only_events")) != 1 || len(s.Hists["weights"]) != 1 || s.ParamMap["lr"] != "1" || s.Forgotten != 1 {
		t.Errorf("after the rows came: %+v", s)
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct{ name, in, want, trouble string }{
		{"no step", "a,b\n1,2\n3,\n", "a 0:1 1:3|b 0:2", ""},
		{"epoch tells the step and is a metric", "epoch,a\n3,1\n4,2\n", "a 3:1 4:2|epoch 3:3 4:4", ""},
		{"an incomplete line waits", "step,a\n1,2\n2,3", "a 1:2", ""},
		{"no step in a row", "step,a\n5,1\n,2\n", "a 5:1 5:2", ""},
		{"windows", "step,a\r\n1,2\r\n", "a 1:2", ""},
		{"short and long rows", "step,a,b\n1\n2,3,4,5\n", "a 2:3|b 2:4", ""},
		{"words", "step,a\n1,x\n2,y\n3,inf\n4,-Infinity\n", "a 3:+Inf 4:-Inf", `"x" in column "a" is not a number`},
		{"quotes", "step,\"a,\"\"b\"\"\"\n1,\"2\"\n", `a,"b" 1:2`, ""},
		{"a wild step", "step,a\n1e300,1\nnan,2\n", "a 0:1 0:2", ""},
		{"empty", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte(c.in), 0o600); err != nil {
				t.Fatal(err)
			}
			s := sinktest.Read(t, Format{}, folder.Place{Path: dir})
			var parts []string
			for _, key := range slices.Sorted(maps.Keys(s.Metrics)) {
				text := key
				for _, p := range s.Of(key) {
					text += " " + strconv.FormatInt(p.Step, 10) + ":" + strconv.FormatFloat(p.Value, 'g', -1, 64)
				}
				parts = append(parts, text)
			}
			if got := strings.Join(parts, "|"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := strings.Join(s.Troubles, "|"); (c.trouble == "") != (got == "") || !strings.Contains(got, c.trouble) {
				t.Errorf("trouble %q, want %q", got, c.trouble)
			}
		})
	}
}

func TestCheckpointNames(t *testing.T) {
	for _, c := range []struct {
		name        string
		epoch, step int64
		is          bool
	}{
		{"epoch=3-step=400.ckpt", 3, 400, true},
		{"epoch=3-step=400-v1.ckpt", 3, 400, true},
		{"epoch=02-val_loss=0.32.ckpt", 2, -1, true},
		{"best-global_step=7-epoch=1.ckpt", 1, -1, true},
		{"last.ckpt", -1, -1, true},
		{"epoch=99999999999999999999.ckpt", -1, -1, true},
		{"epoch=3-step=400.txt", -1, -1, false},
	} {
		got := parseCheckpoint(c.name)
		if got.epoch != c.epoch || got.step != c.step || (got.name != "") != c.is {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestPipe is a pipe by the name of a file: opening it would wait for a writer.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	mkfifo(t, filepath.Join(dir, "metrics.csv"))
	mkfifo(t, filepath.Join(dir, "hparams.yaml"))
	s := sinktest.Read(t, Format{}, folder.Place{Path: dir})
	if len(s.Troubles) != 2 {
		t.Errorf("troubles %q", s.Troubles)
	}
}

func FuzzMetrics(f *testing.F) {
	for _, s := range []string{"step,a\n1,2\n", "epoch,\"a\"\"b\"\n1,\"2\n3\"\n", "\ufeffstep\n1\n", "a\n\n\n\"", "step,a\n1,2", "step,a\r\n,\r\n1e400,nan\r\n"} {
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		dir := t.TempDir()
		path := filepath.Join(dir, "metrics.csv")
		write := func(b []byte) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(data)
		once := sinktest.Read(t, Format{}, folder.Place{Path: dir})
		r, twice := Format{}.Open(folder.Place{Path: dir}), &sinktest.Sink{}
		write(data[:max(0, min(cut, len(data)))])
		for range 2 {
			if err := r.Read(t.Context(), twice); err != nil {
				t.Fatal(err)
			}
			write(data)
		}
		if len(once.Metrics) != len(twice.Metrics) {
			t.Fatalf("%d metrics at once, %d in two parts", len(once.Metrics), len(twice.Metrics))
		}
		for key := range once.Metrics {
			if !sinktest.Same(once.Of(key), twice.Of(key)) {
				t.Errorf("%q: %v at once, %v in two parts", key, once.Of(key), twice.Of(key))
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	text.WriteString("epoch,step,train_loss,val_loss\n")
	for i := range 200_000 {
		text.WriteString(strconv.Itoa(i/1000) + "," + strconv.Itoa(i) + "," + strconv.FormatFloat(1/float64(i+1), 'g', -1, 64) + ",\n")
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		sinktest.Read(b, Format{}, folder.Place{Path: dir})
	}
}
