package mlflow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/recorded"
)

func none(string) string { return "" }

func TestWhere(t *testing.T) {
	for _, c := range []struct{ uri, server, path string }{
		{"http://mlflow.lan:5000", "http://mlflow.lan:5000", ""},
		{"https://mlflow.lan/team", "https://mlflow.lan/team", ""},
		{"mlruns", "", "mlruns"},
		{"./mlruns", "", "./mlruns"},
		{"/data/ml:runs", "", "/data/ml:runs"},
		{"file:///data/ml%20runs", "", "/data/ml runs"},
		{"file:mlruns", "", "mlruns"},
		{"sqlite:///mlflow.db", "", "mlflow.db"},
		{"sqlite:////data/mlflow.db?timeout=5", "", "/data/mlflow.db"},
	} {
		if server, path, err := Where(c.uri); err != nil || server != c.server || path != c.path {
			t.Errorf("%s: server %q, path %q (%v)", c.uri, server, path, err)
		}
	}
	for _, bad := range []string{"", "databricks://me", "mysql://u:secret@h/db", "file://elsewhere/data", "sqlite://"} {
		if _, _, err := Where(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFinds(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{recorded.Runs(t, "2.22.5"): "old/mlruns", recorded.Database(t, "3.17.2"): "server/mlflow.db"} {
		to = filepath.Join(dir, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"other.db": "no database", "mlruns.txt": "", "3/note": "", "old/7/x": ""} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	d := Driver(dir, none)
	found := d.Find(t.Context())
	notes := map[string]string{}
	for _, f := range found {
		notes[f.Name] = f.Note
		b, err := d.Open(t.Context(), f.Name, f.Config)
		if err != nil {
			t.Fatal(err)
		}
		runs, err := b.(backends.RunLister).Runs(t.Context(), backends.RunFilter{})
		if err != nil || len(runs) != 14 {
			t.Errorf("%s: %d runs (%v)", f.Where, len(runs), err)
		}
		if c, ok := b.(interface{ Close() error }); ok {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if len(found) != 2 || notes["old-mlruns"] != "15 runs in 2 experiments" || notes["server-mlflow"] != "14 runs" {
		t.Errorf("found %+v", found)
	}
	for env, want := range map[string]string{
		"http://me:secret@mlflow.lan:5000": "mlflow.lan-5000", "sqlite:///server/mlflow.db": "server-mlflow", "file:" + filepath.Join(dir, "old", "mlruns"): "old-mlruns",
	} {
		got := Driver(dir, func(k string) string {
			if k == "MLFLOW_TRACKING_URI" {
				return env
			}
			return ""
		}).Find(t.Context())
		if len(got) == 0 || got[0].Name != want || strings.Contains(got[0].Where, "secret") {
			t.Errorf("%s: found %+v, want %s first", env, got, want)
		}
	}
	inJob := Driver(t.TempDir(), func(k string) string {
		return map[string]string{"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "FLIGHTDECK_JOB": "j"}[k]
	})
	if got := inJob.Find(t.Context()); len(got) > 0 {
		t.Errorf("our own job's endpoint is found: %+v", got)
	}
}

func TestOpens(t *testing.T) {
	dir := filepath.Dir(recorded.Runs(t, "3.17.2"))
	d := Driver(dir, none)
	for where, want := range map[string]string{".": "", "mlruns": "", "nowhere": "no such file", "ftp://x": "cannot be opened", "http://": "host"} {
		b, err := d.Open(t.Context(), "lab", backends.Config{KeyWhere: where})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", where, err, want)
			continue
		}
		if err != nil {
			continue
		}
		if runs, err := b.(backends.RunLister).Runs(t.Context(), backends.RunFilter{}); err != nil || len(runs) != 14 {
			t.Errorf("%s: %d runs (%v)", where, len(runs), err)
		}
	}
}
