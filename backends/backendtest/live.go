package backendtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

// oddNames is what people and programs put into names, and worse.
func oddNames(t *testing.T, w *world) {
	odd := []string{
		"Ünï ✓ 日本語 🦦", "a\tb\nc\rd", `"quotes" 'and' \backslashes\ %s %00`, "'; DROP TABLE runs; --", "\x1b[31mred\x1b]0;title\x07\x7f",
		"\u202eright to left", strings.Repeat("long ", 40), " spaces around ", "<script>&amp;</script>",
	}
	if len(w.runs) == 0 {
		return
	}
	id, ref := w.ended()[0].ID, w.ended()[0].Ref()
	for _, s := range odd {
		if p, ok := w.Backend.(backends.RunRenamer); ok {
			w.apply(t, got[backends.Plan](t)(p.PlanRename(t.Context(), ref, s)))
			if name := w.run(t, id).Name; name != s {
				t.Errorf("the name %q became %q", s, name)
			}
		}
		if p, ok := w.Backend.(backends.RunTagger); ok {
			w.apply(t, got[backends.Plan](t)(p.PlanTags(t.Context(), ref, []backends.Tag{{Key: "odd", Value: s}}, nil)))
			if v := w.run(t, id).Tag("odd"); v != s {
				t.Errorf("the tag %q became %q", s, v)
			}
		}
	}
}

// logs sees that streams end: by themselves when there is no more, and with their
// context when they follow.
func logs(t *testing.T, w *world) {
	l, ok := w.Backend.(backends.LogStreamer)
	if !ok || len(w.jobs) == 0 {
		return
	}
	for _, j := range w.jobs {
		var all []backends.LogLine
		_ = within(t, w.patience, "the log of "+j.ID, func() error {
			for line, err := range l.Logs(t.Context(), j.Ref(), backends.LogOptions{}) {
				if err != nil {
					t.Errorf("log of %s: %v", j.ID, err)
				}
				all = append(all, line)
			}
			return nil
		})
		for i := 1; i < len(all); i++ {
			if all[i].Seq != all[i-1].Seq+1+all[i].Skipped {
				t.Errorf("%s: line %d follows %d, with %d skipped", j.ID, all[i].Seq, all[i-1].Seq, all[i].Skipped)
			}
		}
		tails(t, l, j, all)
		_ = within(t, w.patience, "following a log until its context ends", func() error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if len(all) == 0 {
				cancel()
			}
			for _, err := range l.Logs(ctx, j.Ref(), backends.LogOptions{Follow: true}) {
				cancel() // at the first line: the rest must not keep us
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("follow %s: %v", j.ID, err)
				}
			}
			return nil
		})
		_ = within(t, w.patience, "leaving a log in its middle", func() error {
			for range l.Logs(t.Context(), j.Ref(), backends.LogOptions{Follow: true, Tail: 1}) {
				if len(all) > 0 {
					return nil
				}
			}
			return nil
		})
	}
}

// tails compares From and Tail with the whole.
func tails(t *testing.T, l backends.LogStreamer, j *backends.Job, all []backends.LogLine) {
	if len(all) < 2 || j.Active() {
		return
	}
	for _, o := range []backends.LogOptions{{Tail: 1}, {From: all[len(all)-1].Seq}} {
		var texts []string
		for line, err := range l.Logs(t.Context(), j.Ref(), o) {
			if err != nil {
				t.Errorf("log of %s: %v", j.ID, err)
			}
			texts = append(texts, string(line.Text))
		}
		if len(texts) != 1 || texts[0] != string(all[len(all)-1].Text) {
			t.Errorf("%s with %+v gives %q, want its last line", j.ID, o, texts)
		}
	}
}

// notifier sees that a change is heard of and that listening ends with its context.
func notifier(t *testing.T, w *world) {
	n, ok := w.Backend.(backends.Notifier)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pokes := make(chan string, 64)
	ended := make(chan error, 1)
	go func() {
		ended <- n.Notify(ctx, func(topic string) {
			select {
			case pokes <- topic:
			default:
			}
		})
	}()
	if p, ok := w.Backend.(backends.RunTagger); ok && len(w.runs) > 0 {
		heard(t, w, p, pokes)
	}
	cancel()
	if err := within(t, prompt, "Notify after its context ended", func() error { return <-ended }); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Notify ended with %v", err)
	}
}

// heard changes a run until a poke comes: the listener may not have begun when the
// first change was made.
func heard(t *testing.T, w *world, p backends.RunTagger, pokes <-chan string) {
	deadline, again := time.After(w.patience), time.NewTicker(200*time.Millisecond)
	defer again.Stop()
	for i := 0; ; i++ {
		w.apply(t, got[backends.Plan](t)(p.PlanTags(t.Context(), w.ended()[0].Ref(), []backends.Tag{{Key: "rung", Value: strings.Repeat("x", i)}}, nil)))
		for waiting := true; waiting; {
			select {
			case topic := <-pokes:
				if topic == "" || topic == backends.TopicRuns {
					return
				}
			case <-again.C:
				waiting = false
			case <-deadline:
				t.Fatal("no poke of the runs' topic after a tag was set")
			}
		}
	}
}

// startAndStop starts the job that the suite was given, sees it run, and stops it.
func (s *suite) startAndStop(t *testing.T, w *world) {
	r, ok := w.Backend.(backends.Runner)
	if !ok || s.spec == nil {
		return
	}
	lister, lists := w.Backend.(backends.JobLister)
	stopper, stops := w.Backend.(backends.Stopper)
	if !lists || !stops {
		t.Fatal("it starts jobs that it cannot list or stop")
	}
	receipt := w.apply(t, got[backends.Plan](t)(r.PlanStart(t.Context(), *s.spec)))
	ref := receipt.Target[0]
	job := func() *backends.Job {
		for _, j := range got[[]*backends.Job](t)(lister.Jobs(t.Context())) {
			if j.ID == ref.ID {
				return j
			}
		}
		return nil
	}
	eventually(t, "the job runs", func() bool { j := job(); return j != nil && j.State == backends.JobRunning })
	w.apply(t, got[backends.Plan](t)(stopper.PlanStop(t.Context(), []backends.Ref{ref})))
	eventually(t, "the job has ended", func() bool { j := job(); return j != nil && !j.Active() })
	if e := job().Exit; e == nil || !e.Known || e.Code == 0 {
		t.Errorf("a job that was stopped ended with %+v", e)
	}
}

// eventually polls for what other processes must do first.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	const wait = 20 * time.Second
	deadline, tick := time.After(wait), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-deadline:
			t.Fatalf("not so after %s: %s", wait, what)
		case <-tick.C:
		}
	}
}
