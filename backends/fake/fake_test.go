package fake_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/fake"
)

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(*testing.T) backends.Backend { return fake.Runs(16) },
		backendtest.Start(backends.JobSpec{Command: []string{"sleep", "60"}}))
}

func TestReaderPassesTheSuiteAndPlansNothing(t *testing.T) {
	backendtest.Run(t, func(*testing.T) backends.Backend { return fake.Runs(8).Reader() })
	var b backends.Backend = fake.Runs(8).Reader()
	if _, ok := b.(backends.Applier); ok {
		t.Error("a reader applies")
	}
	if _, ok := b.(backends.RunDeleter); ok {
		t.Error("a reader plans")
	}
}

func TestEveryCapability(t *testing.T) {
	var b backends.Backend = fake.Runs(1)
	for name, ok := range map[string]bool{
		"RunLister": is[backends.RunLister](b), "ExperimentLister": is[backends.ExperimentLister](b), "HistoryReader": is[backends.HistoryReader](b),
		"ProvenanceReader": is[backends.ProvenanceReader](b), "RunTagger": is[backends.RunTagger](b), "RunRenamer": is[backends.RunRenamer](b),
		"RunDeleter": is[backends.RunDeleter](b), "RunRestorer": is[backends.RunRestorer](b), "Runner": is[backends.Runner](b), "JobLister": is[backends.JobLister](b),
		"LogStreamer": is[backends.LogStreamer](b), "Stopper": is[backends.Stopper](b), "Restarter": is[backends.Restarter](b), "Resumer": is[backends.Resumer](b), "Rerunner": is[backends.Rerunner](b),
		"JobDeleter": is[backends.JobDeleter](b), "UsageReader": is[backends.UsageReader](b), "Cleaner": is[backends.Cleaner](b),
		"ArtifactLister": is[backends.ArtifactLister](b), "ArtifactOpener": is[backends.ArtifactOpener](b), "ModelLister": is[backends.ModelLister](b),
		"ModelRegistrar": is[backends.ModelRegistrar](b), "ModelAliaser": is[backends.ModelAliaser](b), "Applier": is[backends.Applier](b),
		"Notifier": is[backends.Notifier](b), "Finder": is[backends.Finder](b),
	} {
		if !ok {
			t.Errorf("it is no backends.%s", name)
		}
	}
}

func is[T any](b backends.Backend) bool { _, ok := b.(T); return ok }

func TestRunsAreTheSameEveryTimeAndLookReal(t *testing.T) {
	spell := func() string {
		runs, err := fake.Runs(24).Runs(t.Context(), backends.RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, r := range runs {
			fmt.Fprintf(&b, "%+v\n", *r)
		}
		return b.String()
	}
	if first, second := spell(), spell(); first != second {
		t.Error("two workspaces differ")
	}
	b := fake.Runs(8)
	runs, _ := b.Runs(t.Context(), backends.RunFilter{})
	var running, finished, diverged, failed int
	for _, r := range runs {
		switch {
		case r.Active():
			running++
		case r.Diverged != "":
			diverged++
			if m, _ := r.Metric("val_loss"); !math.IsNaN(m.Value) {
				t.Errorf("it diverged with val_loss %v", m.Value)
			}
		case r.Status == backends.RunFailed:
			failed++
		default:
			finished++
			if m, _ := r.Metric("val_acc"); m.Value < 0.9 || m.Value > 0.99 {
				t.Errorf("%s reached val_acc %v", r.Name, m.Value)
			}
		}
	}
	if running != 2 || finished != 4 || diverged != 1 || failed != 1 {
		t.Errorf("%d running, %d finished, %d diverged, %d failed", running, finished, diverged, failed)
	}
	for _, r := range runs {
		for _, m := range r.Metrics {
			h, err := b.History(t.Context(), r.Ref(), m.Key)
			if err != nil {
				t.Fatal(err)
			}
			p := h.Points()
			if last := p.Len() - 1; math.Float64bits(p.Value[last]) != math.Float64bits(m.Value) || p.Step[last] != m.Step {
				t.Errorf("%s of %s ends with %v, the run says %v", m.Key, r.Name, p.Value[last], m.Value)
			}
		}
	}
}

func TestSlowDeadAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fake.Runs(2)
		b.Slow(3 * time.Second)
		start := time.Now()
		if _, err := b.Runs(t.Context(), backends.RunFilter{}); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("a slow answer came after %s (%v)", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if _, err := b.Jobs(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		b.Slow(0)
		refused := errors.New("connection refused")
		b.Dead(refused)
		if _, err := b.Models(t.Context()); !errors.Is(err, refused) {
			t.Errorf("dead: %v", err)
		}
		b.Dead(nil)
		if _, err := b.Models(t.Context()); err != nil {
			t.Errorf("revived: %v", err)
		}
		if b.Calls("runs") != 1 || b.Calls("models") != 2 || b.Calls("apply") != 0 {
			t.Errorf("counted %d, %d, %d", b.Calls("runs"), b.Calls("models"), b.Calls("apply"))
		}
	})
}

func TestApplyRespectsTheRole(t *testing.T) {
	b := fake.Runs(8)
	jobs, _ := b.Jobs(t.Context())
	plan, err := b.PlanDeleteJobs(t.Context(), []backends.Ref{jobs[7].Ref()})
	if err != nil {
		t.Fatal(err)
	}
	operator := backends.WithGrant(t.Context(), backends.Grant{Actor: "op", Role: backends.Operator})
	var d *backends.DeniedError
	if _, err := b.Apply(operator, plan, nil); !errors.As(err, &d) || d.Transport != "file" {
		t.Errorf("an operator deletes for good: %v", err)
	}
	owner := backends.WithGrant(t.Context(), backends.Grant{Actor: "ada", Role: backends.Owner})
	if _, err := b.Apply(owner, plan, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.Applied(); len(got) != 1 || got[0].Action != "jobs.delete" {
		t.Errorf("applied %+v", got)
	}
}

func TestLogGrowsARunAndPokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fake.Runs(8)
		ctx, cancel := context.WithCancel(t.Context())
		var topics []string
		go b.Notify(ctx, func(topic string) { topics = append(topics, topic) })
		synctest.Wait()
		before, _ := b.Runs(ctx, backends.RunFilter{})
		h, _ := b.History(ctx, before[0].Ref(), "val_acc")
		n := h.Len()
		if err := b.Log(before[0].ID, backends.Metric{Key: "val_acc", Value: 0.99, Step: 999}, backends.Metric{Key: "f1", Value: 0.5, Step: 999}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		after, _ := b.Runs(ctx, backends.RunFilter{})
		if after[0] == before[0] || after[1] != before[1] {
			t.Error("the run that grew is the same pointer, or another one is not")
		}
		if m, _ := after[0].Metric("val_acc"); m.Value != 0.99 || h.Len() != n+1 {
			t.Errorf("val_acc is %v, its history has %d points more", m.Value, h.Len()-n)
		}
		if m, ok := after[0].Metric("f1"); !ok || m.Value != 0.5 {
			t.Error("a new metric is not there")
		}
		if len(topics) != 2 {
			t.Errorf("poked %q", topics)
		}
		cancel()
	})
}

func TestFollowingALogSeesWhatIsAppended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fake.Runs(1)
		jobs, _ := b.Jobs(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last string
		go func() {
			for l, err := range b.Logs(ctx, jobs[0].Ref(), backends.LogOptions{Follow: true}) {
				if err == nil {
					last = string(l.Text)
				}
			}
		}()
		synctest.Wait()
		b.Change(func(s *fake.State) {
			id := jobs[0].ID
			s.Logs[id] = append(s.Logs[id], backends.LogLine{Seq: int64(len(s.Logs[id])), Text: []byte("one more")})
		})
		synctest.Wait()
		if last != "one more" {
			t.Errorf("the last line is %q", last)
		}
	})
}
