package database

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/mlflow/recorded"
)

func opened(t testing.TB, path string) *Database {
	t.Helper()
	d := Open("db", path)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestAsTheLibraryReads(t *testing.T) {
	for _, v := range recorded.Versions() {
		t.Run(v, func(t *testing.T) {
			path := recorded.Database(t, v)
			recorded.Compare(t, opened(t, path), recorded.Expected(t, v, "db"), false)
			if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
				t.Errorf("reading left %v beside the database (%v)", entries, err)
			}
		})
	}
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return opened(t, recorded.Database(t, "3.17.2")) })
}

// writer is somebody else's connection.
func writer(t testing.TB, path string) func(query string, args ...any) {
	t.Helper()
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return func(query string, args ...any) {
		t.Helper()
		if err := sqlitex.ExecuteTransient(c, query, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

func find(t testing.TB, d *Database, name string) *backends.Run {
	t.Helper()
	runs, err := d.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no run is called %q", name)
	return nil
}

// What others write is seen: in the mode that MLflow uses and with a log beside,
// in place and from a picture.
func TestReadsOn(t *testing.T) {
	for _, mode := range []string{"delete", "wal", "wal without its shared memory"} {
		t.Run(mode, func(t *testing.T) {
			path := recorded.Database(t, "3.17.2")
			exec := writer(t, path)
			exec("PRAGMA journal_mode=" + strings.Fields(mode)[0])
			if mode == "wal" {
				exec("UPDATE runs SET user_id = 'me'") // so that there is a log
			}
			d := opened(t, path)
			clock := time.Now()
			d.now = func() time.Time { return clock }
			if len(strings.Fields(mode)) > 1 { // a folder in which nothing can be made
				exec("PRAGMA wal_checkpoint(TRUNCATE)")
				if err := os.Remove(path + "-shm"); err != nil {
					t.Fatal(err)
				}
			}
			run := find(t, d, "yes")
			h, err := d.History(t.Context(), run.Ref(), "loss")
			if err != nil || h.Len() != 3 {
				t.Fatalf("%d points (%v)", h.Len(), err)
			}
			if len(strings.Fields(mode)) > 1 {
				if _, err := os.Stat(path + "-shm"); err == nil {
					t.Error("reading made a shared-memory file")
				}
				return
			}
			exec("INSERT INTO metrics VALUES ('loss', 0, 1, ?, 9, 1)", run.ID)
			exec("INSERT INTO metrics VALUES ('loss', ?, 2, ?, 10, 0)", -math.MaxFloat64, run.ID)
			exec("UPDATE latest_metrics SET value = 7, step = 10 WHERE run_uuid = ? AND key = 'loss'", run.ID)
			again, err := d.History(t.Context(), run.Ref(), "loss")
			if p := again.Points(); err != nil || again != h || p.Len() != 5 || !math.IsNaN(p.Value[3]) || !math.IsInf(p.Value[4], -1) {
				t.Errorf("after two more points: %+v, the same history: %v (%v)", again.Points(), again == h, err)
			}
			if m, _ := find(t, d, "yes").Metric("loss"); m.Value != 7 {
				t.Errorf("last %+v", m)
			}
			other := find(t, d, "1234")
			exec("INSERT INTO tags VALUES ('late', 'tag', ?)", other.ID) // leaves no trace in the table of runs
			clock = clock.Add(time.Minute)
			if r := find(t, d, "1234"); r.Tag("late") != "tag" {
				t.Errorf("a tag of a finished run is not seen: %+v", r.Tags)
			}
			exec("DELETE FROM metrics WHERE run_uuid = ? AND step < 9", run.ID)
			exec("UPDATE metrics SET rowid = rowid + 1000") // as a migration that makes the table anew
			if again, err = d.History(t.Context(), run.Ref(), "loss"); err != nil || again.Len() != 2 {
				t.Errorf("after the rows were numbered anew: %d points (%v)", again.Len(), err)
			}
		})
	}
}

// A writer that was killed leaves a journal; who may only read cannot roll it back,
// and must not: a copy is.
func TestHotJournal(t *testing.T) {
	path := recorded.Database(t, "2.22.5")
	exec := writer(t, path)
	exec("PRAGMA cache_spill=1")
	exec("PRAGMA cache_size=2")
	exec("BEGIN IMMEDIATE")
	exec("UPDATE runs SET name = 'lost'")
	exec("UPDATE tags SET value = ?", strings.Repeat("x", 8000)) // more than its cache holds: the file is written
	killed := filepath.Join(t.TempDir(), "mlflow.db")
	for _, side := range []string{"", "-journal"} {
		if err := copyFile(killed+side, path+side); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(killed)
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(killed + "-journal"); err != nil || fi.Size() == 0 {
		t.Fatalf("the writer left no journal: %v", err)
	}
	find(t, opened(t, killed), "brisk-otter")
	after, err := os.ReadFile(killed)
	if err != nil || string(after) != string(before) {
		t.Errorf("reading changed the file (%v)", err)
	}
}

func TestStrangers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty.db": "", "text.db": "hello, world: this is no database, but longer than a header would be, so that it is read as one …………………", "cut.db": string(recorded.File(t, "3.17.2-mlflow.db.gz")[:5000])} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if runs, err := opened(t, path).Runs(t.Context(), backends.RunFilter{}); err == nil {
			t.Errorf("%s has %d runs", name, len(runs))
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error does not say which file: %v", name, err)
		}
	}
	other := filepath.Join(dir, "other.db")
	c, err := sqlite.OpenConn(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(c, "CREATE TABLE t (a); PRAGMA journal_mode=DELETE;", nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := opened(t, other).Runs(t.Context(), backends.RunFilter{}); err == nil || !strings.Contains(err.Error(), "not MLflow's") {
		t.Errorf("another program's database: %v", err)
	}
	if _, err := opened(t, filepath.Join(dir, "none.db")).Runs(t.Context(), backends.RunFilter{}); err == nil {
		t.Error("a database that is not there has runs")
	}
}

// Columns and tables that a version lacks are empty, not an error.
func TestOldSchema(t *testing.T) {
	path := recorded.Database(t, "2.22.5")
	exec := writer(t, path)
	for _, q := range []string{
		"DROP TABLE registered_model_aliases", "DROP TABLE input_tags", "DROP TABLE inputs", "DROP TABLE experiment_tags", "DROP TABLE latest_metrics",
		"ALTER TABLE experiments DROP COLUMN creation_time", "ALTER TABLE runs DROP COLUMN deleted_time", "ALTER TABLE model_versions DROP COLUMN run_link",
	} {
		exec(q)
	}
	d := opened(t, path)
	if r := find(t, d, "brisk-otter"); len(r.Params) == 0 || len(r.Metrics) != 0 {
		t.Errorf("%+v", r)
	}
	if m, err := d.Models(t.Context()); err != nil || len(m) != 1 || len(m[0].Versions) != 2 {
		t.Errorf("%+v (%v)", m, err)
	}
}

// Artifacts are read where they lie on this machine, and said to be on the server
// where they do not; a path without MLflow's form is not believed.
func TestArtifacts(t *testing.T) {
	path := recorded.Database(t, "3.17.2")
	d := opened(t, path)
	run := find(t, d, "brisk-otter")
	exec := writer(t, path)
	place := filepath.Join(t.TempDir(), run.ID, "artifacts")
	served := filepath.Join(filepath.Dir(path), "mlartifacts", run.Experiment, run.ID, "artifacts")
	for _, dir := range []string{place, filepath.Dir(filepath.Dir(place))} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("hello"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		uri, says string
		files     int
	}{
		{place, "", 1},
		{"file://" + place, "", 1},
		{filepath.Dir(filepath.Dir(place)), "not on this machine", 0},
		{"s3://bucket/" + run.ID + "/artifacts", "s3://bucket", 0},
		{"mlflow-artifacts:/1/" + run.ID + "/artifacts", "on the server", 0},
	} {
		exec("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", c.uri, run.ID)
		files, err := d.Artifacts(t.Context(), run.Ref())
		if err != nil || len(files) != c.files {
			t.Errorf("%s: %d files (%v), want %d", c.uri, len(files), err, c.files)
		}
		o, err := d.OpenArtifact(t.Context(), run.Ref(), "a.txt")
		if err == nil {
			o.Close()
		}
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.uri, err, c.says)
		}
	}
	if err := os.MkdirAll(served, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(served, "b.txt"), []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if files, err := d.Artifacts(t.Context(), run.Ref()); err != nil || len(files) != 1 || files[0].Path != "b.txt" {
		t.Errorf("beside the database: %+v (%v)", files, err)
	}
}

func TestNotifies(t *testing.T) {
	path := recorded.Database(t, "3.17.2")
	d := opened(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	pokes, ended := make(chan string, 100), make(chan error, 1)
	go func() { ended <- d.Notify(ctx, func(topic string) { pokes <- topic }) }()
	<-pokes
	writer(t, path)("UPDATE runs SET name = 'other' WHERE name = 'yes'")
	<-pokes
	find(t, d, "other")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func BenchmarkList(b *testing.B) {
	path := recorded.Database(b, "3.17.2")
	exec := writer(b, path)
	exec("BEGIN")
	for i := range 10_000 {
		id := fmt.Sprintf("%032x", i+1)
		exec("INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, experiment_id) VALUES (?, ?, 'FINISHED', ?, 'active', 1)", id, "r", i+1)
		for k := range 50 {
			exec("INSERT INTO latest_metrics VALUES (?, ?, 1, 1, 0, ?)", fmt.Sprintf("m%d", k), float64(k), id)
		}
	}
	exec("COMMIT")
	for b.Loop() {
		d := Open("db", path)
		runs, err := d.Runs(b.Context(), backends.RunFilter{})
		if err != nil || len(runs) < 10_000 {
			b.Fatalf("%d runs (%v)", len(runs), err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
