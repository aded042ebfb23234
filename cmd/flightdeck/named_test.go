package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
)

// A store that cannot be opened is what the doctor is for: it says so in its table.
func TestDoctorOfADamagedStore(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"cut":     func(path string) error { return os.Truncate(path, 5000) },
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"no store": func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("this was a store once ", 500)), 0o644)
		},
	} {
		ws := workspace(t)
		folder := filepath.Join(ws, ".flightdeck")
		path := filepath.Join(folder, "store.db")
		must(t, exitOK, ws, "train", "digits", "--epochs", "1", "--width", "8")
		eventually(t, "the store is closed", 20e9, func() bool {
			wal, err := os.Stat(path + "-wal")
			return len(matching(t, folder+"/jobs/")) == 0 && (errors.Is(err, fs.ErrNotExist) || err == nil && wal.Size() == 0)
		})
		if err := damage(path); err != nil {
			t.Fatal(err)
		}
		r := must(t, exitDiffers, ws, "doctor")
		for _, says := range []string{"CHECK", "WHAT TO DO", "store", "is damaged (", "aside"} {
			if !strings.Contains(r.out, says) {
				t.Errorf("%s: the doctor does not say %q: %s", name, says, r)
			}
		}
		if r := must(t, exitDiffers, ws, "doctor", "-o", "json"); !strings.Contains(r.out, `"bad": true`) {
			t.Errorf("%s, as JSON: %s", name, r)
		}
		if r := must(t, exitFailed, ws, "runs"); !strings.Contains(r.errs, "is damaged (") {
			t.Errorf("%s: runs says %s", name, r)
		}
	}
}

// One column, one convention.
func TestFiguresOfAColumn(t *testing.T) {
	runs := func(values ...float64) (all []*backends.Run) {
		for _, v := range values {
			all = append(all, &backends.Run{Metrics: []backends.Metric{{Key: "m", Value: v}}})
		}
		return append(all, &backends.Run{})
	}
	for _, c := range []struct {
		values []float64
		want   []string
	}{
		{[]float64{1, 0.97222, 0.5}, []string{"1.0000", "0.9722", "0.5000"}},
		{[]float64{0.00001, 2.5}, []string{"0.0000", "2.5000"}},
		{[]float64{0.00002125, 0.05}, []string{"2.125e-5", "0.05"}},
		{[]float64{250000.5, 1.25}, []string{"2.5e+5", "1.25"}},
	} {
		var got []string
		spell := figures(runs(c.values...), "metrics.m")
		for _, v := range c.values {
			got = append(got, spell(v))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"runs", "runs", 0},
		{"", "logs", 4},
		{"shwo", "show", 1},
		{"rusn", "runs", 1},
		{"run", "runs", 1},
		{"bogus", "logs", 2},
		{"restrat", "restart", 1},
		{"abc", "ca", 3},
	} {
		if got := slips(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d slips, want %d", c.a, c.b, got, c.want)
		}
		if slips(c.a, c.b) != slips(c.b, c.a) {
			t.Errorf("%q and %q are not as far apart both ways", c.a, c.b)
		}
	}
	root := newCLI(nil, nil, nil).root()
	if like := near(root, "bogus"); len(like) > 0 {
		t.Errorf("bogus is near to %q", like)
	}
	if like := near(root, "restrat"); !slices.Equal(like, []string{"restart"}) {
		t.Errorf("restrat is near to %q", like)
	}
}
