package entity

import (
	"math"
	"testing"

	"flightdeck/backends"
)

func TestParseImage(t *testing.T) {
	for path, want := range map[string]image{
		"images/val~sample+step+10+timestamp+1790000000010+56417e97-a1e4.png": {"val/sample", 10, 1790000000010},
		"images/val#sample%step%0%timestamp%1790000000000%w26e667b-1a22.png":  {"val/sample", 0, 1790000000000},
		"images/a+b+step+c+step+-3+timestamp+5+u.png":                         {"a+b+step+c", -3, 5},
	} {
		if got, ok := parseImage(path); !ok || got != want {
			t.Errorf("%s: %+v, %v", path, got, ok)
		}
	}
	for _, path := range []string{
		"images/x.png", "images/val+step+1+timestamp+2+u+compressed.webp", "other/val+step+1+timestamp+2+u.png", "images/+step+1+timestamp+2+u.png", "images/v+step+x+timestamp+2+u.png", "images/d/v+step+1+timestamp+2+u.png", "",
	} {
		if got, ok := parseImage(path); ok {
			t.Errorf("%s is taken for %+v", path, got)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/b/../c": "/a/c", "file:///a/b%20c": "/a/b c", "file://localhost/a": "/a", "file:/a": "/a",
		"file://other/a": "", "s3://b/a": "", "mlflow-artifacts:/1/a": "", "a/b": "", "": "", "file:a": "", "file://%zz": "",
	} {
		if got := LocalPath(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// What did not change is the same pointer, NaN included.
func TestKeep(t *testing.T) {
	run := func(v float64) *backends.Run {
		return &backends.Run{ID: "a", Metrics: []backends.Metric{{Key: "b", Value: v}, {Key: "a"}, {Key: "b"}}, Tags: []backends.Tag{{Key: backends.TagParent, Value: "p"}}}
	}
	a, b, c := run(math.NaN()), run(math.NaN()), run(1)
	for _, r := range []*backends.Run{a, b, c} {
		Finish(r)
	}
	if len(a.Metrics) != 2 || a.Metrics[0].Key != "a" || a.Parent != "p" || a.Diverged != "b is NaN at step 0" || c.Diverged != "" {
		t.Errorf("%+v", a)
	}
	if Keep(a, b) != a || Keep(a, c) != c || c.Rev != a.Rev+1 || Keep(nil, c) != c {
		t.Error("the pointer does not say whether it changed")
	}
}

func TestLatest(t *testing.T) {
	for _, c := range []struct {
		a, b backends.Metric
		want bool
	}{
		{backends.Metric{Step: 1}, backends.Metric{Step: 2}, true},
		{backends.Metric{Step: 2, Time: 1}, backends.Metric{Step: 1, Time: 9}, false},
		{backends.Metric{Time: 1, Value: 5}, backends.Metric{Time: 2, Value: 1}, true},
		{backends.Metric{Value: 1}, backends.Metric{Value: 2}, true},
		{backends.Metric{Value: 1}, backends.Metric{Value: math.NaN()}, false},
	} {
		if got := Latest(c.a, c.b); got != c.want {
			t.Errorf("%+v then %+v: %v", c.a, c.b, got)
		}
	}
}
