package dvclive

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/sinktest"
)

// want is what DVCLive's own parse_metrics and load_yaml read (testdata/make.py).
type want struct {
	History map[string][]map[string]string `json:"history"` // by file
	Latest  map[string]any                 `json:"latest"`
	Params  map[string]any                 `json:"params"`
	Images  []string                       `json:"images"`
}

func load(t testing.TB, path string) (w want) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// check holds every row of every metric against the library's.
func (w want) check(t *testing.T, s *sinktest.Sink) {
	t.Helper()
	known := map[string]bool{}
	for file, rows := range w.History {
		key := strings.TrimSuffix(file, ".tsv")
		known[key] = true
		var points []sinktest.Point
		var times []int64
		for _, row := range rows {
			step, err := strconv.ParseInt(row["step"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := strconv.ParseFloat(row[path.Base(key)], 64); err == nil {
				points = append(points, sinktest.Point{Step: step, Value: v})
			}
			if at, err := strconv.ParseInt(row["timestamp"], 10, 64); err == nil {
				times = append(times, at)
			}
		}
		if got := s.Of(key); !sinktest.Same(got, points) {
			t.Errorf("%s: %v, want %v", key, got, points)
		}
		if got := s.Metrics[key].Time; len(times) > 0 && !slices.Equal(got, times) {
			t.Errorf("%s: times %v, want %v", key, got, times)
		}
	}
	if len(known) < 5 {
		t.Errorf("only %d metrics were expected", len(known))
	}
	for key, p := range s.Metrics {
		if !known[key] && p.Len() != 1 {
			t.Errorf("%s is no metric of the run: %v", key, s.Of(key))
		}
	}
}

func recorded(t testing.TB) folder.Place {
	t.Helper()
	places := sinktest.Places(t, Format{}, "testdata")
	if len(places) != 1 || places[0].ID != "dvclive" || places[0].Name != "dvclive" || !places[0].Below {
		t.Fatalf("places %+v", places)
	}
	return places[0]
}

func TestRead(t *testing.T) {
	s := sinktest.Read(t, Format{}, recorded(t))
	w := load(t, "testdata/want.json")
	w.check(t, s)
	if len(s.Troubles) > 0 {
		t.Errorf("troubles %q", s.Troubles)
	}
	system := 0
	for key := range s.Metrics {
		if strings.HasPrefix(key, "system/") {
			system++
		}
	}
	if system < 4 {
		t.Errorf("%d metrics of the machine", system)
	}
	if got := s.Of("only_summary"); !sinktest.Same(got, []sinktest.Point{{Step: int64(w.Latest["step"].(float64)), Value: w.Latest["only_summary"].(float64)}}) {
		t.Errorf("only_summary: %v", got)
	}
	if s.TagMap["summary.phase"] != w.Latest["phase"] || s.TagMap["summary.odd name"] != "" {
		t.Errorf("tags %v", s.TagMap)
	}
	for key, value := range map[string]string{"lr": "0.01", "net.depth": "3", "net.act": "relu", "net.sizes": "[8, 16]", "seed": "1", "on": "true", "none": "null"} {
		if s.ParamMap[key] != value {
			t.Errorf("param %s is %q, want %q", key, s.ParamMap[key], value)
		}
	}
	if s.RunInfo.Start.IsZero() {
		t.Error("the run has no start")
	}
}

func TestImages(t *testing.T) {
	p := recorded(t)
	s := sinktest.Read(t, Format{}, p)
	w := load(t, "testdata/want.json")
	r := Format{}.Open(p).(folder.MediaOpener)
	var found []string
	for _, items := range s.Items {
		for _, it := range items {
			found = append(found, it.Place)
			f, err := r.OpenMedia(t.Context(), it)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(f)
			f.Close()
			if err != nil || int64(len(data)) != it.Size || !strings.HasPrefix(string(data), "\x89PNG") || it.Type != "image/png" {
				t.Errorf("%+v: %d bytes, %v", it, len(data), err)
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, w.Images) {
		t.Errorf("images %q, want %q", found, w.Images)
	}
	steps := []int64{}
	for _, it := range s.Items["image samples"] {
		steps = append(steps, it.Step)
	}
	if !slices.Equal(steps, []int64{0, 1, 2, 3, 4}) || len(s.Items["image confusion"]) != 1 {
		t.Errorf("steps %v of %v", steps, slices.Sorted(maps.Keys(s.Items)))
	}
	for _, place := range []string{"../../metrics.json", "/etc/hostname", "samples", "none.png", ""} {
		if f, err := r.OpenMedia(t.Context(), backends.MediaItem{Place: place}); err == nil {
			f.Close()
			t.Errorf("%q was opened", place)
		}
	}
}

// copyInto copies what a run wrote, up to part of a hundred of each file.
func copyInto(t *testing.T, from, to string, part int) {
	t.Helper()
	err := filepath.WalkDir(from, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, p)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(to, rel), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(data[:len(data)*part/100])
		f.Close()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFollow(t *testing.T) {
	p := recorded(t)
	dir := filepath.Join(t.TempDir(), "dvclive")
	r, s := Format{}.Open(folder.Place{Path: dir}), &sinktest.Sink{}
	defer r.Close()
	for part := 0; part <= 100; part += 4 {
		copyInto(t, p.Path, dir, part)
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	w := load(t, "testdata/want.json")
	w.check(t, s)
	if s.Forgotten != 0 || len(s.Troubles) > 0 {
		t.Errorf("forgotten %d times, troubles %q", s.Forgotten, s.Troubles)
	}
	// A fresh Live removes the plots, then the other files, and begins anew.
	for i, gone := range []string{"plots", "."} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if s.Forgotten != 1 || s.Metrics["acc"].Len() > 1 || s.ParamMap["lr"] != "0.01" {
			t.Errorf("%d: after the files went: forgotten %d, acc %v, params %v", i, s.Forgotten, s.Of("acc"), s.ParamMap)
		}
	}
	copyInto(t, p.Path, dir, 100)
	if err := r.Read(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.check(t, s)
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		made  string
		found bool
	}{
		{"dvclive/params.yaml", true},
		{"dvclive/other.txt", false},
		{"exp/params.yaml", false},
		{"exp/metrics.json", false},
		{"exp/plots/metrics/loss.tsv", true},
		{"exp/plots/mine.json", false}, // a DVC project's own
	} {
		root := t.TempDir()
		file := filepath.Join(root, c.made)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := sinktest.Places(t, Format{}, root); (len(got) == 1) != c.found {
			t.Errorf("%s: %v", c.made, got)
		}
	}
	for _, c := range [][3]string{{".", "", ""}, {"dvclive", "dvclive", ""}, {"exp1/dvclive", "exp1", ""}, {"runs/exp1/dvclive", "exp1", "runs"}, {"runs/exp1", "exp1", "runs"}} {
		if name, exp := names(c[0]); name != c[1] || exp != c[2] {
			t.Errorf("%s: %q of %q", c[0], name, exp)
		}
	}
}

func FuzzMetric(f *testing.F) {
	for _, s := range []string{"step\tloss\n0\t1\n1\tnan\n", "timestamp\tstep\tloss\n1795543640877\t0\t0.5\n", "step\tloss\r\n\t\r\nx\ty\r\n", "loss\n1\n", "\"a\tb\"\n1"} {
		f.Add([]byte(s), 9)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "plots", "metrics"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "plots", "metrics", "loss.tsv")
		write := func(b []byte) {
			if err := os.WriteFile(file, b, 0o600); err != nil {
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
		if !sinktest.Same(once.Of("loss"), twice.Of("loss")) {
			t.Errorf("%v at once, %v in two parts", once.Of("loss"), twice.Of("loss"))
		}
	})
}
