package track

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// noExperiment is an id that no experiment has.
const noExperiment = "-1"

// createRun takes a run_id too, which MLflow's API has not: with one, our own
// client can ask again when an answer was lost and get the run that was made.
func (a *api) createRun(ctx context.Context, in *fields) (any, error) {
	nr := store.NewRun{ID: in.text("run_id"), ExperimentID: in.experiment(), Job: a.o.Job}
	start, _ := in.integer("start_time")
	nr.Name, nr.User, nr.Start = in.text("run_name"), in.text("user_id"), momentOf(start)
	in.read("tags", &nr.Tags)
	if in.err != nil {
		return nil, in.err
	}
	nowhere := nr.ExperimentID == ""
	if nowhere {
		nr.ExperimentID = noExperiment
	}
	r, err := a.st.CreateRun(ctx, nr)
	var refused *store.Error
	if nowhere && errors.As(err, &refused) && refused.Code == store.DoesNotExist { // MLflow's database refuses it, in these words and more
		return nil, &apiError{badRequest, "FOREIGN KEY constraint failed: a run is made in the experiment that experiment_id names"}
	}
	if errors.As(err, &refused) && refused.Code == store.AlreadyExists {
		if r, err = a.run(ctx, nr.ID); err != nil || r.Job != a.o.Job {
			return nil, refused
		}
	}
	if err != nil {
		return nil, err
	}
	a.announce(r.ID)
	b := append(appendRun([]byte(`{"run":`), r, nil, false), '}')
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeRaw(w, b) }), nil
}

// run is the run of exactly that id; the store also knows it by less.
func (a *api) run(ctx context.Context, id string) (*backends.Run, error) {
	r, err := a.st.Run(ctx, id)
	var refused *store.Error
	if err == nil && r.ID != id || errors.Is(err, backends.ErrNotFound) || errors.As(err, &refused) {
		return nil, &apiError{store.DoesNotExist, fmt.Sprintf("Run with id=%s not found", id)}
	}
	return r, err
}

func (a *api) getRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	if in.err != nil {
		return nil, in.err
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	uses, err := a.st.ModelUses(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	b := append(appendRun([]byte(`{"run":`), r, uses[r.ID], true), '}')
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeRaw(w, b) }), nil
}

func (a *api) updateRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	up := store.RunUpdate{Status: in.status(), Name: in.text("run_name"), Exact: true}
	if ms, ok := in.integer("end_time"); ok {
		end := momentOf(ms)
		up.Ending = &end
	}
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.UpdateRun(ctx, id, up); err != nil {
		return nil, err
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	b := append(appendInfo([]byte(`{"run_info":`), r), '}')
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeRaw(w, b) }), nil
}

// status is an enum: its name or its number. What is neither counts as left out.
func (f *fields) status() backends.RunStatus {
	if raw := f.m["status"]; len(raw) > 0 && raw[0] != '"' && f.has("status") && f.enum("status", "1", "2", "3", "4", "5") == "" {
		f.wrong("status", raw)
	}
	return backends.RunStatus(f.enum("status", string(backends.RunRunning), string(backends.RunScheduled), string(backends.RunFinished), string(backends.RunFailed), string(backends.RunKilled)))
}

func (a *api) deleteRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteRuns(ctx, []string{id}))
}

func (a *api) restoreRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.RestoreRuns(ctx, []string{id}))
}
