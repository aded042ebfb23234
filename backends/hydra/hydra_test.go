package hydra

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
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

// want is what OmegaConf and Hydra's own parser read (testdata/truth.py).
type want struct {
	Runs    map[string]wantRun `json:"runs"`
	Grammar [][]any            `json:"grammar"`
}

type wantRun struct {
	Config    map[string]any `json:"config"`
	Overrides []string       `json:"overrides"`
	Job       string         `json:"job"`
	Dirname   string         `json:"dirname"`
	Num       *int           `json:"num"`
	Choices   map[string]any `json:"choices"`
	Keys      [][3]*string   `json:"keys"`
}

func load(t testing.TB) want { return loadFrom(t, "testdata/want.json") }

func loadFrom(t testing.TB, path string) (w want) {
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

func TestPlaces(t *testing.T) {
	places := map[string]folder.Place{}
	for _, p := range sinktest.Places(t, Format{}, "testdata") {
		places[p.ID] = p
	}
	runs := load(t).Runs
	sweeps := 0
	for id, p := range places {
		experiment := "train"
		if !p.Below { // a sweep has no log
			experiment = ""
		}
		if p.Experiment != experiment || p.Path != filepath.Join("testdata", id) {
			t.Errorf("%+v", p)
		}
		if _, isRun := runs[id]; !isRun {
			sweeps++
			if p.Below || p.Parent != "" || !strings.HasPrefix(id, "multirun/") {
				t.Errorf("%+v", p)
			}
			continue
		}
		parent := ""
		if strings.HasPrefix(id, "multirun/") {
			parent = path.Dir(id)
		}
		if !p.Below || p.Parent != parent {
			t.Errorf("%+v", p)
		}
	}
	if sweeps != 1 || len(places) != len(runs)+1 || len(runs) < 7 {
		t.Errorf("%d sweeps, %d places, %d runs", sweeps, len(places), len(runs))
	}
}

// leaves is a configuration as Python's nested values, by dotted keys. Lists of plain
// values stay one.
func leaves(key string, v any, out map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			leaves(strings.TrimPrefix(key+"."+k, "."), e, out)
		}
		if len(v) > 0 {
			return
		}
	case []any:
		if slices.ContainsFunc(v, func(e any) bool { _, ok := e.(map[string]any); return ok }) {
			for i, e := range v {
				leaves(key+"."+strconv.Itoa(i), e, out)
			}
			return
		}
	}
	out[key] = v
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "{}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = shown(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

func TestRead(t *testing.T) {
	for id, w := range load(t).Runs {
		s := sinktest.Read(t, Format{}, folder.Place{ID: id, Path: filepath.Join("testdata", id)})
		checkConfig(t, id, w, s)
		checkLog(t, filepath.Join("testdata", id), s)
		name := w.Dirname
		if name == "" {
			name = "train 2026-11-24 " + strings.ReplaceAll(path.Base(id), "-", ":")
		}
		if s.RunInfo.Name != name || s.RunInfo.Experiment != w.Job {
			t.Errorf("%s: name %q, want %q, of %q", id, s.RunInfo.Name, name, s.RunInfo.Experiment)
		}
	}
}

// checkConfig holds params and tags against what OmegaConf reads.
func checkConfig(t *testing.T, id string, w wantRun, s *sinktest.Sink) {
	t.Helper()
	if len(s.Troubles) > 0 {
		t.Errorf("%s: troubles %q", id, s.Troubles)
	}
	params := map[string]any{}
	leaves("", w.Config, params)
	for k, v := range params {
		if s.ParamMap[k] != shown(v) {
			t.Errorf("%s: param %s is %q, want %q", id, k, s.ParamMap[k], shown(v))
		}
	}
	if len(s.ParamMap) != len(params) || len(params) < 8 {
		t.Errorf("%s: params %v", id, s.ParamMap)
	}
	if s.TagMap[TagJob] != w.Job || s.TagMap["hydra.choices.model"] != w.Choices["model"] {
		t.Errorf("%s: tags %v", id, s.TagMap)
	}
	if w.Num != nil && s.TagMap[TagNum] != strconv.Itoa(*w.Num) || w.Num == nil && s.TagMap[TagNum] != "" {
		t.Errorf("%s: number %q", id, s.TagMap[TagNum])
	}
	if words, err := backends.Split(s.TagMap[TagOverrides]); err != nil || !slices.Equal(words, w.Overrides) {
		t.Errorf("%s: overrides %q", id, words)
	}
	for i, k := range w.Keys {
		if v := s.TagMap[tagOverride+*k[1]]; !strings.HasSuffix(w.Overrides[i], "="+v) {
			t.Errorf("%s: override %s is %q", id, *k[1], v)
		}
	}
}

// checkLog holds the curves against what the script was to print.
func checkLog(t *testing.T, dir string, s *sinktest.Sink) {
	t.Helper()
	id := filepath.Base(dir)
	data, err := os.ReadFile(filepath.Join(dir, "train.log"))
	if err != nil {
		t.Fatal(err)
	}
	var points []sinktest.Point
	for _, m := range regexp.MustCompile(`step=(\d+) loss=([0-9.]+)`).FindAllStringSubmatch(string(data), -1) {
		step, _ := strconv.ParseInt(m[1], 10, 64)
		v, _ := strconv.ParseFloat(m[2], 64)
		points = append(points, sinktest.Point{Step: step, Value: v})
	}
	if got := s.Of("loss"); !sinktest.Same(got, points) || len(points) < 3 {
		t.Errorf("%s: loss %v, want %v", id, got, points)
	}
	failed := strings.Contains(string(data), "Traceback")
	if (s.RunInfo.Status == backends.RunFailed) != failed {
		t.Errorf("%s: status %q", id, s.RunInfo.Status)
	}
	stamp := string(data[1:24])
	at, err := time.ParseInLocation("2006-01-02 15:04:05,000", stamp, time.Local)
	if err != nil || s.Metrics["loss"].Time[0] != at.UnixMilli() {
		t.Errorf("%s: time %d of %s", id, s.Metrics["loss"].Time[0], stamp)
	}
}

func TestSweep(t *testing.T) {
	sweeps, err := filepath.Glob("testdata/multirun/*/*/multirun.yaml")
	if err != nil || len(sweeps) != 1 {
		t.Fatal(sweeps, err)
	}
	dir := t.TempDir()
	data, err := os.ReadFile(sweeps[0])
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "multirun.yaml"), data, 0o600)
	}
	if err == nil { // as the Optuna sweeper leaves it
		err = os.WriteFile(filepath.Join(dir, "optimization_results.yaml"), []byte("name: optuna\nbest_params:\n  lr: 0.2\nbest_value: 0.25\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := sinktest.Read(t, Format{}, folder.Place{ID: "multirun/2026-11-24/18-26-45", Path: dir})
	if s.TagMap[TagOverrides] != "lr=0.1,0.2 model=small,big" || s.TagMap["hydra.override.model"] != "small,big" || s.TagMap["hydra.results.best_params.lr"] != "0.2" {
		t.Errorf("tags %v", s.TagMap)
	}
	if s.RunInfo.Experiment != "train" || s.RunInfo.Name != "train 2026-11-24 18:26:45" || s.ParamMap["data.root"] != "${hydra:runtime.cwd}/data" || s.ParamMap["hydra.job.name"] != "" {
		t.Errorf("info %+v, params %v", s.RunInfo, s.ParamMap)
	}
	if got := s.Of("best_value"); !sinktest.Same(got, []sinktest.Point{{Step: 0, Value: 0.25}}) || len(s.Troubles) > 0 {
		t.Errorf("best value %v, troubles %q", got, s.Troubles)
	}
}

func TestOverrideGrammar(t *testing.T) {
	ops := map[Op]string{Change: "CHANGE", Add: "ADD", ForceAdd: "FORCE_ADD", Delete: "DEL"}
	for _, g := range load(t).Grammar {
		o, err := ParseOverride(g[0].(string))
		if valid := len(g) > 1; valid != (err == nil) {
			t.Errorf("%q: %v, Hydra takes it: %v", g[0], err, valid)
			continue
		}
		if err != nil {
			continue
		}
		pkg := ""
		if g[3] != nil {
			pkg = g[3].(string)
		}
		if ops[o.Op] != g[1] || o.Key != g[2] || o.Package != pkg {
			t.Errorf("%q: %+v, Hydra says %v", g[0], o, g)
		}
	}
}

func TestTitles(t *testing.T) {
	for _, c := range [][3]string{
		{"train", "outputs/2026-11-24/18-26-44", "train 2026-11-24 18:26:44"},
		{"train", "18-26-44", "train 18:26:44"},
		{"train", "multirun/2026-11-24/18-26-45/3", "train 3"},
		{"train", ".", "train"},
		{"", "outputs/x", "x"},
	} {
		if got := title(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %q", c[0], c[1], got)
		}
	}
}

// series stands in for another format: <name>.points holds a value a line.
type series struct{}

func (series) Kind() string { return "series" }
func (series) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".points") {
			return []folder.Place{{ID: rel, Path: filepath.Join(dir, e.Name())}}
		}
	}
	return nil
}
func (series) Open(p folder.Place) folder.Reader { return &seriesReader{path: p.Path} }

type seriesReader struct {
	path string
	told int
}

func (r *seriesReader) Read(_ context.Context, to folder.Sink) error {
	data, err := os.ReadFile(r.path)
	if err != nil {
		return err
	}
	for i, line := range strings.Fields(string(data)) {
		if v, err := strconv.ParseFloat(line, 64); err == nil && i >= r.told {
			to.Points("loss", backends.Points{Step: []int64{int64(i)}, Time: []int64{0}, Value: []float64{v}})
			r.told = i + 1
		}
	}
	return nil
}
func (*seriesReader) Close() error { return nil }

func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInner is curves that lie in the output folder: they come before the log's.
func TestInner(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		".hydra/hydra.yaml": "hydra:\n  job:\n    name: app\n", ".hydra/config.yaml": "lr: 1\n",
		"app.log": "[2026-11-24 18:26:44,908][__main__][INFO] - step=0 loss=9 acc=1\n",
	})
	r, s := Format{Inner: []folder.Format{series{}}}.Open(folder.Place{ID: "run", Path: dir}), &sinktest.Sink{}
	defer r.Close()
	read := func() {
		t.Helper()
		if err := r.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if got := s.Of("loss"); !sinktest.Same(got, []sinktest.Point{{Step: 0, Value: 9}}) {
		t.Fatalf("loss %v", got)
	}
	write(t, dir, map[string]string{"runs/a/x.points": "0.5\n", "runs/b/x.points": "0.25 0.125"})
	read()
	read()
	write(t, dir, map[string]string{"runs/a/x.points": "0.5\n0.4\n"})
	read()
	if got := s.Of("loss"); !sinktest.Same(got, []sinktest.Point{{Step: 0, Value: 0.5}, {Step: 1, Value: 0.4}}) {
		t.Errorf("loss %v", got)
	}
	if got := s.Of("runs/b/loss"); !sinktest.Same(got, []sinktest.Point{{Step: 0, Value: 0.25}, {Step: 1, Value: 0.125}}) {
		t.Errorf("the second place's loss %v", got)
	}
	if s.Metrics["acc"].Len() != 0 || s.ParamMap["lr"] != "1" {
		t.Errorf("acc of the log: %v; params %v", s.Of("acc"), s.ParamMap)
	}
}

func TestStatus(t *testing.T) {
	const record, trace = "[2026-11-24 18:26:44,908][app][ERROR] - oh\n", "Traceback (most recent call last):\n  File \"x\"\nValueError: y\n"
	for _, c := range []struct {
		log  string
		want backends.RunStatus
	}{
		{record, ""}, {record + trace, backends.RunFailed}, {record + trace + record, ""}, {trace, backends.RunFailed}, {"", ""},
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{".hydra/hydra.yaml": "hydra:\n  job:\n    name: app\n", "app.log": c.log})
		if got := sinktest.Read(t, Format{}, folder.Place{Path: dir}).RunInfo.Status; got != c.want {
			t.Errorf("%q: %q, want %q", c.log, got, c.want)
		}
	}
}

// TestEscape is a job whose name leads elsewhere.
func TestEscape(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"run/.hydra/hydra.yaml": "hydra:\n  job:\n    name: ../other\n", "other.log": "step=1 loss=2\n"})
	s := sinktest.Read(t, Format{}, folder.Place{Path: filepath.Join(dir, "run")})
	if len(s.Metrics) != 0 {
		t.Errorf("read outside of the run: %v", s.Metrics)
	}
}

func FuzzOverride(f *testing.F) {
	for _, g := range load(f).Grammar {
		f.Add(g[0].(string))
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := ParseOverride(s)
		if err == nil && !strings.HasPrefix(s, string(o.Op)+o.Key) {
			t.Errorf("%q: %+v", s, o)
		}
	})
}

// FuzzConfig reads any Hydra configuration.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"hydra:\n  job:\n    name: a\n    override_dirname: lr=1\n  runtime:\n    choices:\n      model: x\n      hydra/help: y\n",
		"hydra: {job: {name: ../x, num: ???}}", "hydra: [1]", "- a", "hydra:\n  job: &a {name: *a}\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		own, err := flat.YAML(data)
		if err != nil {
			return
		}
		_, _, tags := describe(own)
		for _, tag := range tags {
			if !strings.HasPrefix(tag.Key, "hydra.") {
				t.Errorf("%+v", tag)
			}
		}
	})
}
