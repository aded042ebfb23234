package wandb

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/sinktest"
)

// want is what the library's own protobuf classes read from a log (testdata/make.py).
type want struct {
	History [][2]json.RawMessage `json:"history"` // step, [[path, value_json]…]
	Stats   [][2]json.RawMessage `json:"stats"`   // ms, {key: value_json}
	Summary map[string]string    `json:"summary"`
	Output  string               `json:"output"`
	Exit    []int                `json:"exit"`
	Run     struct {
		Host  string    `json:"host"`
		Start time.Time `json:"start_time"`
	} `json:"run"`
}

func load(t testing.TB) map[string]want {
	t.Helper()
	data, err := os.ReadFile("testdata/want.json")
	if err != nil {
		t.Fatal(err)
	}
	return parseWant(t, data)
}

func parseWant(t testing.TB, data []byte) map[string]want {
	t.Helper()
	var all map[string]want
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// metrics is every number of the history by its key, and the texts and media left out.
func (w want) metrics(t testing.TB) map[string][]sinktest.Point {
	t.Helper()
	out := map[string][]sinktest.Point{}
	for _, h := range w.History {
		var step int64
		var pairs [][2]json.RawMessage
		decode(t, h[0], &step)
		decode(t, h[1], &pairs)
		typed := map[string]bool{}
		for pass := range 2 {
			for _, p := range pairs {
				var path []string
				var value string
				decode(t, p[0], &path)
				decode(t, p[1], &value)
				if pass == 0 {
					typed[path[0]] = typed[path[0]] || path[len(path)-1] == "_type"
					continue
				}
				if v, err := strconv.ParseFloat(value, 64); err == nil && path[0][0] != '_' && !typed[path[0]] {
					key := strings.Join(path, ".")
					out[key] = append(out[key], sinktest.Point{Step: step, Value: v})
				}
			}
		}
	}
	for i, s := range w.Stats {
		var values map[string]string
		decode(t, s[1], &values)
		for k, text := range values {
			if v, err := strconv.ParseFloat(text, 64); err == nil {
				out["system/"+k] = append(out["system/"+k], sinktest.Point{Step: int64(i), Value: v})
			}
		}
	}
	return out
}

// synced is what wandb's own reader sends of a log (testdata/sync.py): a JSON object
// a step, a sample of the machine, and the summary at the end.
type synced struct {
	History []string `json:"wandb-history.jsonl"`
	Events  []string `json:"wandb-events.jsonl"`
	Summary []string `json:"wandb-summary.json"`
	Exit    int      `json:"exitcode"`
}

func loadSynced(t testing.TB, path string) map[string]synced {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]synced
	decode(t, data, &all)
	return all
}

// check holds every number and time of the log against what wandb's reader sends.
func (y synced) check(t *testing.T, s *sinktest.Sink) {
	t.Helper()
	points, times := map[string][]sinktest.Point{}, map[string][]int64{}
	var add func(key string, v any, step, at int64)
	add = func(key string, v any, step, at int64) {
		switch v := v.(type) {
		case map[string]any:
			if v["_type"] != nil {
				return
			}
			for k, e := range v {
				add(key+"."+k, e, step, at)
			}
		default:
			if f, ok := float(v); ok {
				points[key] = append(points[key], sinktest.Point{Step: step, Value: f})
				times[key] = append(times[key], at)
			}
		}
	}
	for file, lines := range map[string][]string{"": y.History, "system/": y.Events} {
		for i, line := range lines {
			var row map[string]any
			decode(t, []byte(line), &row)
			step := int64(i)
			if n, ok := row["_step"].(float64); ok {
				step = int64(n)
			}
			at := int64(math.Round(row["_timestamp"].(float64) * 1000))
			for k, v := range row {
				if !strings.HasPrefix(k, "_") {
					add(file+strings.TrimPrefix(k, "system."), v, step, at)
				}
			}
		}
	}
	for key, want := range points {
		got := s.Metrics[key]
		if !sinktest.Same(s.Of(key), want) {
			t.Errorf("%s: %v, wandb sync sends %v", key, s.Of(key), want)
			continue
		}
		for i, at := range got.Time {
			if d := at - times[key][i]; d < -1 || d > 1 {
				t.Errorf("%s: time %d at step %d, wandb sync sends %d", key, at, got.Step[i], times[key][i])
			}
		}
	}
	if len(points) < 10 || (y.Exit == 0) != (s.RunInfo.Status == backends.RunFinished) {
		t.Errorf("%d metrics, exit %d, status %s", len(points), y.Exit, s.RunInfo.Status)
	}
	var sum map[string]any
	decode(t, []byte(y.Summary[0]), &sum)
	for k, v := range sum {
		f, ok := v.(float64)
		if p := s.Of(k); ok && k[0] != '_' && (len(p) == 0 || p[len(p)-1].Value != f) {
			t.Errorf("%s ends with %v, the summary says %v", k, p, f)
		}
	}
}

func decode(t testing.TB, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(flat.Numbers(data), into); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

// check holds every point of the history and the samples against the library's.
func (w want) check(t *testing.T, s *sinktest.Sink) {
	t.Helper()
	expected := w.metrics(t)
	for key, points := range expected {
		if got := s.Of(key); !sinktest.Same(got, points) {
			t.Errorf("%s: %d points, want %d:\n%v\n%v", key, len(got), len(points), got, points)
		}
	}
	for key, p := range s.Metrics {
		if _, ok := expected[key]; ok {
			continue
		}
		if w.Summary[key] != strconv.FormatFloat(p.Value[0], 'g', -1, 64) || p.Len() != 1 {
			t.Errorf("%s is not in the log: %v", key, s.Of(key))
		}
	}
	if len(expected) < 10 {
		t.Errorf("%d metrics expected", len(expected))
	}
}

func recorded(t testing.TB) map[string]folder.Place {
	out := map[string]folder.Place{}
	for _, p := range sinktest.Places(t, Format{}, "testdata") {
		out[p.Name] = p
	}
	return out
}

func TestRead(t *testing.T) {
	places := recorded(t)
	if len(places) != 2 {
		t.Fatalf("places: %v", places)
	}
	for log, w := range load(t) {
		p := places[idOf(filepath.Base(log))]
		if !p.Below || p.ID != filepath.Dir(log) {
			t.Errorf("place: %+v", p)
		}
		s := sinktest.Read(t, Format{}, p)
		w.check(t, s)
		loadSynced(t, "testdata/synced.json")[log].check(t, s)
		if len(s.Troubles) > 0 {
			t.Errorf("troubles: %q", s.Troubles)
		}
		if s.RunInfo.Experiment != "digits" {
			t.Errorf("experiment %q", s.RunInfo.Experiment)
		}
		status := map[bool]backends.RunStatus{true: backends.RunFinished, false: backends.RunFailed}[w.Exit[0] == 0]
		if s.RunInfo.Status != status || s.RunInfo.Start.Sub(w.Run.Start).Abs() > time.Millisecond || s.RunInfo.End.Before(s.RunInfo.Start) {
			t.Errorf("info: %+v, exit %v, start %v", s.RunInfo, w.Exit, w.Run.Start)
		}
		if s.TagMap[backends.TagHost] != w.Run.Host {
			t.Errorf("host %q", s.TagMap[backends.TagHost])
		}
	}
}

func TestReadFirst(t *testing.T) {
	p := recorded(t)["first1"]
	s := sinktest.Read(t, Format{}, p)
	for k, v := range map[string]string{"lr": "0.1", "net.depth": "3", "net.act": "relu", "sizes": "[8, 16]", "on": "true", "late": "yes"} {
		if s.ParamMap[k] != v {
			t.Errorf("param %s is %q, want %q", k, s.ParamMap[k], v)
		}
	}
	if len(s.ParamMap) != 6 {
		t.Errorf("params: %v", s.ParamMap)
	}
	for k, v := range map[string]string{
		"baseline": "true", "cpu": "true", TagGroup: "g1", TagJobType: "train", backends.TagNote: "a note", "summary.verdict": "good",
	} {
		if s.TagMap[k] != v {
			t.Errorf("tag %s is %q, want %q", k, s.TagMap[k], v)
		}
	}
	if got := s.Of("best"); !sinktest.Same(got, []sinktest.Point{{Step: 100, Value: 0.75}}) {
		t.Errorf("best: %v", got)
	}
	if s.RunInfo.Name != "first run" {
		t.Errorf("name %q", s.RunInfo.Name)
	}
	h := s.Hists["hist"]
	if len(h) != 3 || h[1].Step != 5 || !slices.Equal(h[0].Count, []float64{1, 0, 2, 1}) || !slices.Equal(h[0].Left, []float64{1, 1.5, 2, 2.5}) || h[0].Right[3] != 3 {
		t.Errorf("histograms: %+v", h)
	}
	media(t, Format{}.Open(p), s)
}

func media(t *testing.T, r folder.Reader, s *sinktest.Sink) {
	t.Helper()
	defer r.Close()
	pic, pics, out := s.Items["image pic"], s.Items["image pics"], s.Items["text output"]
	if len(pic) != 3 || len(pics) != 6 || len(out) != 1 {
		t.Fatalf("%d, %d and %d items", len(pic), len(pics), len(out))
	}
	if pic[2].Step != 10 || pic[2].Width != 6 || pic[2].Height != 4 || pic[2].Type != "image/png" || pics[3].Index != 1 || pics[3].Step != 5 {
		t.Errorf("%+v %+v", pic[2], pics[3])
	}
	for _, it := range append(append(pic, pics...), out...) {
		f, err := r.(folder.MediaOpener).OpenMedia(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil || int64(len(data)) != it.Size {
			t.Errorf("%+v: %d bytes, %v", it, len(data), err)
		}
		if it.Type == "image/png" && !strings.HasPrefix(string(data), "\x89PNG") || it.Type == "text/plain" && !strings.Contains(string(data), "step 11 printed") {
			t.Errorf("%+v: %.20q", it, data)
		}
	}
}

func TestOpenMediaStaysInside(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(string) error{
		"secret":     func(p string) error { return os.WriteFile(p, []byte("x"), 0o600) },
		"files/link": func(p string) error { return os.Symlink("../secret", p) },
		"files/loop": func(p string) error { return os.Symlink("loop", p) },
		"files/dir":  func(p string) error { return os.Mkdir(p, 0o755) },
	} {
		if err := f(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := Format{}.Open(folder.Place{Path: dir}).(folder.MediaOpener)
	for _, place := range []string{"file:../secret", "file:" + filepath.Join(dir, "secret"), "file:link", "file:loop", "file:dir", "file:none", "output:0-9", "output:9", "output:-1-5", "output:0-99999999999", ""} {
		if f, err := r.OpenMedia(t.Context(), backends.MediaItem{Place: place}); err == nil {
			f.Close()
			t.Errorf("%q was opened", place)
		}
	}
}

// TestFollow gives the log in small pieces, as it may be found while it is written.
func TestFollow(t *testing.T) {
	for log, w := range load(t) {
		data, err := os.ReadFile(filepath.Join("testdata", log))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, filepath.Base(log))
		grown, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer grown.Close()
		r, s := Format{}.Open(folder.Place{Path: dir}), &sinktest.Sink{}
		before := 0
		for i := 0; i < len(data); i += 997 {
			if _, err := grown.Write(data[i:min(i+997, len(data))]); err != nil {
				t.Fatal(err)
			}
			if err := r.Read(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if n := s.Metrics["loss"].Len(); n < before {
				t.Fatalf("%d points of loss after %d", n, before)
			} else {
				before = n
			}
		}
		w.check(t, s)
		if s.Forgotten != 0 || len(s.Troubles) != 0 {
			t.Errorf("forgotten %d times, troubles %q", s.Forgotten, s.Troubles)
		}
		r.Close()
	}
}

// TestRewritten is a log that begins anew under the same name.
func TestRewritten(t *testing.T) {
	first, second := recorded(t)["first1"], recorded(t)["second2"]
	dir := t.TempDir()
	path := filepath.Join(dir, "run-a.wandb")
	s := &sinktest.Sink{}
	r := Format{}.Open(folder.Place{Path: dir})
	for i, src := range []string{filepath.Join(first.Path, "run-first1.wandb"), filepath.Join(second.Path, "run-second2.wandb")} {
		data, err := os.ReadFile(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			r = Format{}.Open(folder.Place{Path: dir})
		}
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if s.Forgotten != 1 || s.ParamMap["lr"] != "0.2" || len(s.Metrics["loss"].Value) != 6 || s.Metrics["acc"].Len() != 0 {
		t.Errorf("forgotten %d, params %v, loss %v", s.Forgotten, s.ParamMap, s.Of("loss"))
	}
}

// TestKilled is a run whose process ended without a word, long ago or just now.
func TestKilled(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(recorded(t)["first1"].Path, "run-first1.wandb"))
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]backends.RunStatus{time.Second: "", time.Hour: backends.RunKilled} {
		dir := t.TempDir()
		path := filepath.Join(dir, "run-a.wandb")
		at := time.Now().Add(-age)
		err := os.WriteFile(path, data[:len(data)/2], 0o600)
		if err == nil {
			err = os.Chtimes(path, at, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		s := sinktest.Read(t, Format{}, folder.Place{Path: dir})
		if s.RunInfo.Status != want || want != "" && s.RunInfo.End.Sub(at).Abs() > time.Millisecond || s.Metrics["loss"].Len() == 0 {
			t.Errorf("%v ago: %+v", age, s.RunInfo)
		}
	}
}

func TestDamage(t *testing.T) {
	p := recorded(t)["second2"]
	data, err := os.ReadFile(filepath.Join(p.Path, "run-second2.wandb"))
	if err != nil {
		t.Fatal(err)
	}
	all := len(sinktest.Read(t, Format{}, p).Of("loss"))
	for name, c := range map[string]struct {
		harm    func(b []byte) []byte
		least   int // points of loss that are left
		trouble string
	}{
		"a flipped bit in the second block": {func(b []byte) []byte { b[blockSize+4000] ^= 1; return b }, 1, "wrong checksum"},
		"zeros in a block":                  {func(b []byte) []byte { clear(b[blockSize-9000 : blockSize]); return b }, 1, ""},
		"a wild length":                     {func(b []byte) []byte { b[blockSize+4], b[blockSize+5] = 0xff, 0xff; return b }, 1, "a chunk of kind"},
		"the end is missing":                {func(b []byte) []byte { return b[:len(b)-30_000] }, 1, ""},
		"no log at all":                     {func(b []byte) []byte { return []byte("<html>no such page</html>") }, 0, "does not begin"},
		"the magic alone":                   {func(b []byte) []byte { return b[:7] }, 0, ""},
		"nothing":                           {func(b []byte) []byte { return nil }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "run-a.wandb"), c.harm(slices.Clone(data)), 0o600); err != nil {
				t.Fatal(err)
			}
			s := sinktest.Read(t, Format{}, folder.Place{Path: dir})
			n := len(s.Of("loss"))
			if n < c.least || n >= all {
				t.Errorf("%d points of %d are left, at least %d should be", n, all, c.least)
			}
			if c.trouble != "" && !strings.Contains(strings.Join(s.Troubles, "\n"), c.trouble) || c.trouble == "" && name != "zeros in a block" && len(s.Troubles) > 0 {
				t.Errorf("troubles %q, want %q", s.Troubles, c.trouble)
			}
		})
	}
}

// TestTypedValues covers the fields of HistoryItem that newer clients may use.
func TestTypedValues(t *testing.T) {
	for _, c := range []struct {
		f    field
		num  float64
		json string
	}{
		{field{num: itemNone}, 0, "null"},
		{field{num: itemBoolean, v: 1}, 1, ""},
		{field{num: itemInteger, v: 5}, -3, ""},
		{field{num: itemInteger, v: 6}, 3, ""},
		{field{num: itemNumber, v: math.Float64bits(0.5)}, 0.5, ""},
		{field{num: itemText, data: []byte(`a"b`)}, 0, `"a\"b"`},
		{field{num: itemJSON, data: []byte(`{"a":1}`)}, 0, `{"a":1}`},
		{field{num: itemValue, data: []byte("-Infinity")}, math.Inf(-1), ""},
		{field{num: itemValue, data: []byte("true")}, 1, ""},
		{field{num: itemValue, data: []byte("Nothing")}, 0, "Nothing"},
	} {
		t.Run(fmt.Sprint(c.f.num, string(c.f.data)), func(t *testing.T) {
			var it item
			it.field(c.f)
			if it.num != c.num || string(it.json) != c.json {
				t.Errorf("%v %q, want %v %q", it.num, it.json, c.num, c.json)
			}
		})
	}
}
