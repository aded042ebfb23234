package backends

import (
	"maps"
	"slices"
	"testing"
)

func TestFacts(t *testing.T) {
	run := &Run{
		Status: RunFinished, Params: []Param{{Key: "lr", Value: "0.1"}}, Metrics: []Metric{{Key: "val.acc", Value: 0.975}},
		Tags:   []Tag{{Key: "team", Value: "vision"}, {Key: TagCommand, Value: "x"}, {Key: TagName, Value: "y"}},
		Inputs: []Dataset{{Name: "digits", Digest: "sha256:1"}},
	}
	want := map[string]string{"status": "FINISHED", "params.lr": "0.1", "metrics.val.acc": "0.975", "tags.team": "vision", "data.digits": "sha256:1"}
	if got := Facts(run, nil); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got := Facts(run, &Provenance{
		Command: []string{"python", "my train.py"}, Host: "a", Seed: "7", GitCommit: "abc", Changed: []string{"a", "b"},
		Env: map[string]string{"HOME": "/root", "EMPTY": ""}, Data: []Dataset{{Name: "extra", Digest: "sha256:2"}},
	})
	for k, v := range map[string]string{
		"command": "python 'my train.py'", "host": "a", "seed": "7", "git.commit": "abc", "git.changed": "a b", "env.HOME": "/root", "env.EMPTY": "", "data.extra": "sha256:2",
	} {
		want[k] = v
	}
	if !maps.Equal(got, want) {
		t.Errorf("with provenance: got %q, want %q", got, want)
	}
}

func TestCompareFacts(t *testing.T) {
	want := []string{
		"status", "params.a", "params.b", "metrics.loss", "tags.team", "seed", "data.digits", "git.branch", "git.commit", "command", "host", "env.A",
		"a", "s.x", "stat",
	}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortFunc(got, CompareFacts)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestDifference(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"1", "3", "+2"},
		{"0.975", "0.9", "-0.075"},
		{"1e-3", "0.001", ""},
		{"1", "x", ""},
		{"x", "1", ""},
		{"", "", ""},
		{"NaN", "1", ""},
		{"NaN", "NaN", ""},
		{"1", "+Inf", ""},
		{"Inf", "Inf", ""},
		{"-1.7e308", "1.7e308", ""},
		{"1", "1.0001234", "+0.0001234"},
	} {
		if got := Difference(c.a, c.b); got != c.want {
			t.Errorf("from %s to %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
