package of

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/query"
)

var now = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)

func runs() []*backends.Run {
	return []*backends.Run{
		{
			ID: "21a89d401bc64917b1fc032621426396", Name: "brisk-otter", Experiment: "1", ExpName: "digits", Backend: "local", User: "root", Job: "j1",
			Status: backends.RunRunning, Start: now.Add(-14 * time.Second),
			Params:  []backends.Param{{Key: "epochs", Value: "30"}, {Key: "lr", Value: "0.01"}, {Key: "width", Value: "128"}},
			Metrics: []backends.Metric{{Key: "epoch", Value: 18}, {Key: "val_acc", Value: 0.9722}, {Key: "val_loss", Value: 0.1041}},
			Tags:    []backends.Tag{{Key: "flightdeck.host", Value: "here"}, {Key: backends.TagNote, Value: "wider net"}, {Key: "team", Value: "vision"}},
			Inputs:  []backends.Dataset{{Name: "digits", Digest: "sha256:9e1b", Context: "training"}},
		},
		{
			ID: "31a89d401bc64917b1fc032621426396", Name: "hasty-mole", Experiment: "1", ExpName: "digits", Backend: "local", Parent: "21a89d401bc64917b1fc032621426396",
			Status: backends.RunFinished, Diverged: "val_loss is NaN at step 4", Start: now.Add(-time.Hour), End: now.Add(-time.Hour + 2*time.Second),
			Params:  []backends.Param{{Key: "lr", Value: "3.0"}},
			Metrics: []backends.Metric{{Key: "val_loss", Value: math.NaN()}},
		},
		{
			ID: "41a89d401bc64917b1fc032621426396", Name: "idle-newt", Experiment: "2", ExpName: "other", Backend: "mlflow",
			Status: backends.RunFailed, Exit: "exit 1", Params: []backends.Param{{Key: "batch", Value: "0"}},
		},
	}
}

func TestFilter(t *testing.T) {
	all := runs()
	s := Schema(all)
	for src, want := range map[string][]string{
		"": {"brisk-otter", "hasty-mole", "idle-newt"},
		"metrics.val_acc > 0.9 or state = failed": {"brisk-otter", "idle-newt"},
		"status = training":                       {"brisk-otter"},
		"state = diverged":                        {"hasty-mole"},
		"diverged":                                {"hasty-mole"},
		"training":                                {"brisk-otter"},
		"'exit 1'":                                {"idle-newt"},
		"state = finished":                        {"hasty-mole"},
		"diverged is null":                        {"brisk-otter", "idle-newt"},
		"diverged ~ nan":                          {},
		"diverged ~ '(?i)nan'":                    {"hasty-mole"},
		"took > 10s":                              {"brisk-otter"},
		"took is null":                            {"idle-newt"},
		"start > -2h and end is not null":         {"hasty-mole"},
		"epoch >= 18":                             {"brisk-otter"},
		"progress > 0.5":                          {"brisk-otter"},
		"exp = digits source = local":             {"brisk-otter", "hasty-mole"},
		"experiment_id = 2":                       {"idle-newt"},
		"parent is not null":                      {"hasty-mole"},
		"note ~ wider":                            {"brisk-otter"},
		"'wider net'":                             {"brisk-otter"},
		"run_id like 41%":                         {"idle-newt"},
		"attributes.run_name = hasty-mole":        {"hasty-mole"},
		"run = idle-newt":                         {"idle-newt"},
		"user_id = root":                          {"brisk-otter"},
		"job = j1":                                {"brisk-otter"},
		"exit = 'exit 1'":                         {"idle-newt"},
		"artifact_uri like 'mlflow-artifacts:/2/%'": {"idle-newt"},
		"datasets.name = digits":                    {"brisk-otter"},
		"datasets.context = training":               {"brisk-otter"},
		"datasets.digest ~ ^sha256":                 {"brisk-otter"},
		"vision":                                    {"brisk-otter"},
		"here":                                      {}, // our own tags are not text
		"hmole":                                     {"hasty-mole"},
		"tags.team != vision":                       {},
		"tags.flightdeck.host = here":               {"brisk-otter"},
		"metrics.val_loss = nan":                    {"hasty-mole"},
		"params.batch = 0":                          {"idle-newt"},
	} {
		x, err := query.Parse(src, s, now)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		got := []string{}
		for _, r := range Filter(all, x, now) {
			got = append(got, r.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v", src, got)
		}
	}
}

func TestMLflow(t *testing.T) {
	all := runs()
	for src, want := range map[string]int{
		"attributes.status = 'RUNNING'":                  1,
		"attributes.status = 'running'":                  0,
		"metrics.val_acc > 0.9 AND params.lr = '0.01'":   1,
		"start_time > 0":                                 2,
		"run_id IN ('41a89d401bc64917b1fc032621426396')": 1,
		"datasets.name LIKE 'dig%'":                      1,
		"tags.`flightdeck.host` IS NULL":                 2,
		"user_id = 'root'":                               1,
		"run_name LIKE '%o%'":                            2,
		"artifact_uri LIKE '%/artifacts'":                3,
		"end_time > 0":                                   1,
	} {
		x, err := query.ParseMLflow(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := len(Filter(all, x, now)); got != want {
			t.Errorf("%s: got %d", src, got)
		}
	}
}

// Every attribute that completion offers is answered by some run.
func TestEveryAttributeIsAnswered(t *testing.T) {
	all := runs()
	s := Schema(all)
	for _, a := range s.Attrs {
		found := false
		for _, r := range all {
			v, ok := (&Run{Run: r, Now: now}).Attr(a.Name)
			found = found || ok && v.Kind == a.Kind
		}
		if !found {
			t.Errorf("%s is never answered with kind %d", a.Name, a.Kind)
		}
	}
	if got := s.Values(query.Field{Entity: query.Params, Key: "lr"}); !slices.Equal(got, []string{"0.01", "3.0"}) {
		t.Errorf("values of params.lr: %v", got)
	}
}

func many(n int) []*backends.Run {
	out := make([]*backends.Run, n)
	for i := range out {
		r := &backends.Run{
			ID: fmt.Sprintf("%032x", i), Name: fmt.Sprintf("run-%d", i), ExpName: "digits", Backend: "local", Status: backends.RunFinished,
			Start: now.Add(-time.Duration(i) * time.Minute), End: now,
		}
		for k := range 50 {
			r.Metrics = append(r.Metrics, backends.Metric{Key: fmt.Sprintf("m%02d", k), Value: float64(i%100) / 100})
		}
		for k := range 12 {
			r.Params = append(r.Params, backends.Param{Key: fmt.Sprintf("p%02d", k), Value: fmt.Sprintf("%g", float64(i%10)/100)})
		}
		r.Tags = []backends.Tag{{Key: "note", Value: "wider net, same data"}, {Key: "team", Value: []string{"vision", "speech"}[i%2]}}
		out[i] = r
	}
	return out
}

func BenchmarkFilter(b *testing.B) {
	all := many(10_000)
	for _, src := range []string{
		"metrics.m25 > 0.95 or params.p05 < 0.01 and tags.team = vision",
		"state = finished and metrics.m49 < 2 and start > -2000h",
		"name ~ 7$ and params.p11 in (0.01, 0.02) and took > 1h",
		"vision", "rn99", "zzzz",
	} {
		x, err := query.Parse(src, Schema(all[:100]), now)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(src, func(b *testing.B) {
			for b.Loop() {
				Filter(all, x, now)
			}
		})
	}
}

func BenchmarkSchema(b *testing.B) {
	all := many(10_000)
	for b.Loop() {
		Schema(all)
	}
}
