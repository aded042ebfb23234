package mlruns

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/mlflow/recorded"
)

func TestAsTheLibraryReads(t *testing.T) {
	for _, v := range recorded.Versions() {
		t.Run(v, func(t *testing.T) {
			f := Open("mlruns", recorded.Runs(t, v))
			recorded.Compare(t, f, recorded.Expected(t, v, "mlruns"), true)
			media(t, f)
		})
	}
}

// media sees that the files of log_image are images, by key and step.
func media(t *testing.T, f *Files) {
	runs, err := f.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if r.Name != "brisk-otter" {
			continue
		}
		list, err := f.Media(t.Context(), r.Ref())
		if err != nil || len(list) != 1 || list[0].Key != "val/sample" || list[0].Steps != 2 || list[0].Kind != backends.MediaImage {
			t.Fatalf("media %+v (%v)", list, err)
		}
		items, err := f.MediaItems(t.Context(), r.Ref(), list[0].Kind, list[0].Key)
		if err != nil || len(items) != 2 || items[0].Step != 0 || items[1].Step != 10 || items[1].Time != 1_790_000_000_010 {
			t.Fatalf("items %+v (%v)", items, err)
		}
		o, err := f.OpenMedia(t.Context(), r.Ref(), items[1])
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		b, err := io.ReadAll(o)
		if err != nil || !strings.HasPrefix(string(b), "\x89PNG") || int64(len(b)) != items[1].Size {
			t.Errorf("the image is %q (%v)", b, err)
		}
		return
	}
	t.Fatal("the run with images is not listed")
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return Open("mlruns", recorded.Runs(t, "3.17.2")) })
}

// write makes files below dir, by path.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const meta = "artifact_uri: file:///tmp/x/1/%[1]s/artifacts\nend_time: null\nentry_point_name: ''\nexperiment_id: '1'\nlifecycle_stage: active\nrun_id: %[1]s\nrun_name: %[2]s\nsource_type: 4\nstart_time: %[3]d\nstatus: %[4]d\ntags: []\nuser_id: me\n"

// oneRun is a folder with one run that is being logged.
func oneRun(t testing.TB) (root, dir string) {
	root = filepath.Join(t.TempDir(), "mlruns")
	write(t, root, map[string]string{
		"1/meta.yaml":           "artifact_location: file:///tmp/x/1\nexperiment_id: '1'\nlifecycle_stage: active\nname: digits\n",
		"1/abc/meta.yaml":       fmt.Sprintf(meta, "abc", "brisk", 1_790_000_000_000, 1),
		"1/abc/params/lr":       "0.1",
		"1/abc/metrics/loss":    "1790000000000 0.5 1\n1790000000001 0.25 2\n",
		"1/abc/tags/a":          "b",
		"1/abc/artifacts/x.txt": "x",
	})
	return root, filepath.Join(root, "1", "abc")
}

// A run that is written on is read on; a file that is written anew is read anew.
func TestReadsOn(t *testing.T) {
	root, dir := oneRun(t)
	f := Open("mlruns", root)
	clock := time.Now()
	f.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	list := func() *backends.Run {
		t.Helper()
		runs, err := f.Runs(t.Context(), backends.RunFilter{})
		if err != nil || len(runs) != 1 {
			t.Fatalf("%d runs (%v)", len(runs), err)
		}
		return runs[0]
	}
	points := func() (string, *backends.History) {
		t.Helper()
		h, err := f.History(t.Context(), list().Ref(), "loss")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(h.Points().Step, h.Points().Value), h
	}
	before := list()
	if got, _ := points(); got != "[1 2] [0.5 0.25]" || before.Metrics[0].Value != 0.25 {
		t.Fatalf("%s, last %+v", got, before.Metrics)
	}
	if list() != before {
		t.Error("nothing changed, but the run is another pointer")
	}
	log, err := os.OpenFile(filepath.Join(dir, "metrics/loss"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	_, first := points()
	for _, c := range []struct{ text, want string }{
		{"1790000000002 0.125 3\n17900000", "[1 2 3] [0.5 0.25 0.125]"}, // half a line is none yet
		{"00003 1.0 4\nnot a point\n", "[1 2 3 4] [0.5 0.25 0.125 1]"},
		{"1790000000004 nan 5\r\n1790000000005 -inf\n1790000000006 2 7 data abc\n", "[1 2 3 4 5 0 0] [0.5 0.25 0.125 1 NaN -Inf 2]"},
	} {
		if _, err := log.WriteString(c.text); err != nil {
			t.Fatal(err)
		}
		if got, h := points(); got != c.want || h != first {
			t.Errorf("after %q: %s, want %s; the same history: %v", c.text, got, c.want, h == first)
		}
	}
	if m := list().Metrics[0]; m.Step != 5 {
		t.Errorf("last %+v, want step 5", m)
	}
	write(t, dir, map[string]string{"metrics/loss": "1790000000009 9 9\n", "metrics/deep/er": "1790000000009 1 1\n", "tags/new": "x", "params/p": "q"})
	if got, h := points(); got != "[9] [9]" || h == first {
		t.Errorf("after it was written anew: %s", got)
	}
	if r := list(); len(r.Metrics) != 2 || r.Metrics[0].Key != "deep/er" || r.Metrics[1].Value != 9 || r.Tag("new") != "x" || len(r.Params) != 2 {
		t.Errorf("%+v", r)
	}
	write(t, dir, map[string]string{"meta.yaml": strings.Replace(fmt.Sprintf(meta, "abc", "renamed", 1_790_000_000_000, 3), "end_time: null", "end_time: 1790000000999", 1)})
	if r := list(); r.Name != "renamed" || r.Status != backends.RunFinished || r.End.UnixMilli() != 1_790_000_000_999 || len(r.Metrics) != 2 {
		t.Errorf("%+v", r)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if runs, err := f.Runs(t.Context(), backends.RunFilter{}); err != nil || len(runs) != 0 {
		t.Errorf("after its folder went: %d runs (%v)", len(runs), err)
	}
}

// Links and names that lead out of the folder lead nowhere.
func TestHostile(t *testing.T) {
	root, dir := oneRun(t)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, filepath.Dir(secret), map[string]string{"secret": "1790000000000 42 1\n"})
	for link, to := range map[string]string{
		filepath.Join(dir, "params/stolen"): secret, filepath.Join(dir, "metrics/stolen"): secret, filepath.Join(dir, "tags/stolen"): secret,
		filepath.Join(dir, "artifacts/stolen"): secret, filepath.Join(dir, "artifacts/loop"): dir, filepath.Join(dir, "metrics/loop"): filepath.Join(dir, "metrics"),
		filepath.Join(root, "2"): root, filepath.Join(root, "1/loop"): filepath.Join(root, "1"),
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	write(t, root, map[string]string{
		"1/def/meta.yaml":           strings.Replace(fmt.Sprintf(meta, "def", "lies", 1, 3), "file:///tmp/x/1/def/artifacts", "file://"+filepath.Dir(secret), 1),
		"1/def/inputs/1/meta.yaml":  "source_type: DATASET\nsource_id: ../../../secret\n",
		"1/def/metrics/huge":        strings.Repeat("9", 3<<20) + "\n1790000000000 1 1\n",
		"1/bad/meta.yaml":           "{{{",
		"1/empty/meta.yaml":         "",
		"3/meta.yaml":               "name: &a [*a]\n",
		"1/def/params/odd key ✓.-_": "v",
	})
	f := Open("mlruns", root)
	runs, err := f.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d runs (%v)", len(runs), err)
	}
	for _, r := range runs {
		if strings.Contains(fmt.Sprintf("%+v", *r), "42") || strings.Contains(fmt.Sprintf("%+v", *r), "stolen") {
			t.Errorf("it followed a link: %+v", *r)
		}
		files, err := f.Artifacts(t.Context(), r.Ref())
		if err != nil || len(files) > 1 {
			t.Errorf("artifacts of %s: %+v (%v)", r.Name, files, err)
		}
	}
	for _, name := range []string{"stolen", "../meta.yaml", "/etc/passwd", "loop/meta.yaml", "a/../../meta.yaml", ".", ""} {
		if o, err := f.OpenArtifact(t.Context(), backends.Ref{ID: "abc"}, name); err == nil {
			o.Close()
			t.Errorf("the artifact %q was opened", name)
		}
	}
	for _, key := range []string{"stolen", "../params/lr", "loop/loss", "/etc/passwd", ""} {
		if h, err := f.History(t.Context(), backends.Ref{ID: "abc"}, key); err == nil && h.Len() > 0 {
			t.Errorf("the metric %q has %d points", key, h.Len())
		}
	}
	if h, err := f.History(t.Context(), backends.Ref{ID: "def"}, "huge"); err != nil || h.Len() != 1 {
		t.Errorf("behind a line of 3 MB there is a point: %v", err)
	}
}

// While it is watched a big folder shows its first runs before all are read, and
// tells when there is more.
func TestShowsEarly(t *testing.T) {
	root := many(t, 600, 4)
	f := Open("mlruns", root)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	pokes := make(chan string, 1000)
	go func() { ended <- f.Notify(ctx, func(topic string) { pokes <- topic }) }()
	for {
		<-pokes
		runs, err := f.Runs(t.Context(), backends.RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 600 && len(runs[599].Metrics) == 4 && len(runs[0].Metrics) == 4 {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// many is a folder of n runs of m metrics of ten points each.
func many(t testing.TB, n, m int) string {
	root := filepath.Join(t.TempDir(), "mlruns")
	write(t, root, map[string]string{"1/meta.yaml": "experiment_id: '1'\nlifecycle_stage: active\nname: digits\n"})
	for i := range n {
		id := fmt.Sprintf("%032x", i+1)
		files := map[string]string{
			"meta.yaml": fmt.Sprintf(meta, id, fmt.Sprintf("brisk-otter-%d", i), 1_790_000_000_000+i, 3), "tags/mlflow.runName": "x", "tags/mlflow.user": "me",
			"params/lr": "0.1", "params/width": "64", "params/epochs": "10",
		}
		var points strings.Builder
		for s := range 10 {
			fmt.Fprintf(&points, "%d %v %d\n", 1_790_000_000_000+s, 1/float64(s+1), s)
		}
		for k := range m {
			files[fmt.Sprintf("metrics/m%d", k)] = points.String()
		}
		write(t, filepath.Join(root, "1", id), files)
	}
	return root
}

func BenchmarkOpen5000(b *testing.B) {
	root := many(b, 5000, 10)
	for _, c := range []struct {
		name    string
		watched int32
	}{{"first screen", 1}, {"all details", 0}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				f := Open("mlruns", root)
				f.watched.Store(c.watched)
				runs, err := f.Runs(b.Context(), backends.RunFilter{})
				if err != nil || len(runs) != 5000 || len(runs[0].Params) == 0 {
					b.Fatalf("%d runs (%v)", len(runs), err)
				}
			}
		})
	}
}
