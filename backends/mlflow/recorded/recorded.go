// Package recorded holds stores that MLflow itself wrote, what its library read back
// from them, and the comparison of a backend with that. For tests.
package recorded

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends/mlflow/entity"
	"flightdeck/backends/mlflow/rest"
)

//go:embed testdata/*.gz testdata/*.tgz
var files embed.FS

// Versions are the versions of MLflow that wrote.
func Versions() []string { return []string{"2.22.5", "3.17.2"} }

// File is a recorded file, unpacked.
func File(t testing.TB, name string) []byte {
	t.Helper()
	b, err := files.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = io.ReadAll(z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Runs unpacks the mlruns folder that this version wrote, and says where it is.
func Runs(t testing.TB, version string) string {
	t.Helper()
	dir := t.TempDir()
	for r := tar.NewReader(bytes.NewReader(File(t, version+"-mlruns.tgz"))); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, "mlruns")
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(to, 0o755)
		} else {
			b, readErr := io.ReadAll(r)
			err = errors.Join(readErr, os.WriteFile(to, b, 0o644), os.Chtimes(to, h.ModTime, h.ModTime))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Database unpacks the mlflow.db that this version wrote, and says where it is.
func Database(t testing.TB, version string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "mlflow.db")
	if err := os.WriteFile(to, File(t, version+"-mlflow.db.gz"), 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// Read is what the library read back from one store.
type Read struct {
	Experiments []Experiment `json:"experiments"`
	Runs        []Run        `json:"runs"`
	Models      []Model      `json:"models"`
}

// Experiment, Run and Model are in the shape in which the script wrote them.
type (
	Experiment struct {
		ID, Name, Stage  string
		Tags             map[string]string
		Created, Updated int64
	}
	Run struct {
		ID, Name, Experiment, Status, Stage, User string
		Start                                     int64
		End                                       *int64
		Params, Tags                              map[string]string
		Metrics                                   map[string]Point
		History                                   map[string][]Point
		Inputs                                    []struct {
			Name, Digest, Source, Schema, Profile, Context string
			SourceType                                     string `json:"source_type"`
		}
		Artifacts []Stored
	}
	Model struct {
		Name, Description string
		Tags              map[string]string
		Aliases           map[string]json.RawMessage
		Versions          [][]json.RawMessage
	}
	// Point is [value, timestamp, step].
	Point struct {
		Value      rest.Float
		Time, Step int64
	}
	// Stored is [path, size].
	Stored struct {
		Path string
		Size int64
	}
)

// UnmarshalJSON reads [value, timestamp, step].
func (p *Point) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.Value, &p.Time, &p.Step})
}

// UnmarshalJSON reads [path, size].
func (f *Stored) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&f.Path, &f.Size}) }

// Expected is what the library of this version read back, of "mlruns" or "db".
func Expected(t testing.TB, version, store string) Read {
	t.Helper()
	var all map[string]json.RawMessage
	var r Read
	err := json.Unmarshal(File(t, version+"-read.json.gz"), &all)
	if err == nil {
		err = json.Unmarshal(all[store], &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) < 16 || len(r.Models) == 0 {
		t.Fatalf("only %d runs were recorded", len(r.Runs))
	}
	if store != "mlruns" {
		for _, run := range r.Runs {
			run.infinite()
		}
	}
	return r
}

// infinite makes infinities of what the SQL store keeps in their place.
func (r *Run) infinite() {
	for k, p := range r.Metrics {
		p.Value = rest.Float(entity.Stored(float64(p.Value)))
		r.Metrics[k] = p
	}
	for _, ps := range r.History {
		for i := range ps {
			ps[i].Value = rest.Float(entity.Stored(float64(ps[i].Value)))
		}
	}
}

// Sorted orders points as they can be compared: a store of 2.x gives them in none.
func Sorted(ps []Point) []Point {
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Value, b.Value))
	})
	return ps
}

// Text is a JSON string, or the number that stands for one.
func Text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }
