package local

import (
	"strings"
	"testing"

	"flightdeck/backends"
)

// A job whose child logs nothing is listed while it runs, can be stopped as a run,
// and is the same row when its run is made at its end.
func TestARunningJobIsListedAsItsRun(t *testing.T) {
	l := open(t, t.TempDir())
	started := apply(t, l)(l.PlanStart(t.Context(), backends.JobSpec{Command: []string{"sleep", "60"}, Experiment: "naps"}))
	var row *backends.Run
	eventually(t, "the job is listed", func() bool {
		runs, err := l.Runs(t.Context(), backends.RunFilter{})
		if err != nil || len(runs) == 0 {
			return false
		}
		row = runs[0]
		return true
	})
	if row.Job != started.Target[0].ID || !row.Active() || row.ExpName != "naps" || row.Name == "" {
		t.Fatalf("it is listed as %+v", row)
	}
	if again, err := l.Run(t.Context(), row.Name); err != nil || again.ID != row.ID {
		t.Errorf("by name: %v, %v; want the same row", again, err)
	}
	eventually(t, "its use of the machine shows", func() bool {
		r, err := l.Run(t.Context(), row.ID)
		if err != nil || len(r.Metrics) == 0 {
			return false
		}
		h, err := l.History(t.Context(), row.Ref(), r.Metrics[0].Key)
		return err == nil && h.Len() > 0
	})
	if _, err := l.PlanTags(t.Context(), row.Ref(), []backends.Tag{{Key: "a", Value: "b"}}, nil); err == nil || !strings.Contains(err.Error(), "is recorded when") {
		t.Errorf("tagging what the store does not have yet: %v", err)
	}
	apply(t, l)(l.PlanStop(t.Context(), []backends.Ref{row.Ref()}))
	_, run := ended(t, l, row.Job)
	if run == nil || run.ID != row.ID || run.Name != row.Name || run.Status != backends.RunKilled {
		t.Fatalf("its run is %+v, it was listed as %+v", run, row)
	}
	all, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d rows in the end, %v", len(all), err)
	}
}
