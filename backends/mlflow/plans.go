package mlflow

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"flightdeck/backends"
)

// request is one change as the API has it.
func (s *Server) request(method, path string, body any) backends.Request {
	b, err := json.Marshal(body)
	if err != nil { // the bodies are maps of strings
		panic(err)
	}
	return backends.Request{Verb: method, Target: s.c.Endpoint(path), Body: b}
}

func (s *Server) post(path string, body any) backends.Request {
	return s.request(http.MethodPost, path, body)
}

// fetch is the run as the server has it now.
func (s *Server) fetch(ctx context.Context, id string) (*backends.Run, error) {
	w, err := s.c.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	return w.Entity(s.name, ""), nil
}

// rev is a number for the state of runs that a plan may change.
func rev(runs []*backends.Run) string {
	h := fnv.New64a()
	for _, r := range runs {
		fmt.Fprintf(h, "%q %q %v %q %q\n", r.ID, r.Name, r.Deleted, r.Status, r.Tags)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func pinned(p backends.Plan, runs ...*backends.Run) backends.Plan {
	p.Backend = p.Target[0].Backend
	p.Precondition = backends.Precondition{Rev: rev(runs), Note: "nobody changed it meanwhile"}
	return p
}

// PlanTags sets and removes tags of one run; the undo puts the old values back.
func (s *Server) PlanTags(ctx context.Context, ref backends.Ref, set []backends.Tag, remove []string) (backends.Plan, error) {
	run, err := s.fetch(ctx, ref.ID)
	if err != nil {
		return backends.Plan{}, err
	}
	p := backends.Plan{Action: "runs.tag", Title: "Tag " + run.Name, Summary: "Changes tags of this run on " + s.c.URL() + ".", Target: []backends.Ref{run.Ref()}}
	undo := p
	undo.Title = "Undo: " + p.Title
	line := func(key, to string) {
		i := slices.IndexFunc(run.Tags, func(t backends.Tag) bool { return t.Key == key })
		if i < 0 {
			undo.Requests = append(undo.Requests, s.post("runs/delete-tag", map[string]string{"run_id": run.ID, "key": key}))
			p.Lines = append(p.Lines, backends.Line{Label: key, Value: to})
			return
		}
		undo.Requests = append(undo.Requests, s.post("runs/set-tag", map[string]string{"run_id": run.ID, "key": key, "value": run.Tags[i].Value}))
		p.Lines = append(p.Lines, backends.Line{Label: key, Value: run.Tags[i].Value + " → " + to})
	}
	for _, t := range set {
		line(t.Key, t.Value)
		p.Requests = append(p.Requests, s.post("runs/set-tag", map[string]string{"run_id": run.ID, "key": t.Key, "value": t.Value}))
	}
	for _, k := range remove {
		line(k, "removed")
		p.Requests = append(p.Requests, s.post("runs/delete-tag", map[string]string{"run_id": run.ID, "key": k}))
	}
	if len(set) == 1 && set[0].Key == backends.TagNote {
		p.Action, p.Title, p.Summary = "runs.note", "Note on "+run.Name, "Replaces the note of this run on "+s.c.URL()+"."
	}
	undo.Backend = s.name
	p.Undo = &undo
	return pinned(p, run), nil
}

// PlanRename gives a run another name.
func (s *Server) PlanRename(ctx context.Context, ref backends.Ref, name string) (backends.Plan, error) {
	run, err := s.fetch(ctx, ref.ID)
	if err != nil {
		return backends.Plan{}, err
	}
	if strings.TrimSpace(name) == "" {
		return backends.Plan{}, fmt.Errorf("rename %s: the new name is empty", run.Name)
	}
	p := backends.Plan{
		Action: "runs.rename", Title: "Rename " + run.Name + " to " + name, Summary: "Changes the run's name on " + s.c.URL() + ".", Target: []backends.Ref{run.Ref()},
		Requests: []backends.Request{s.post("runs/update", map[string]string{"run_id": run.ID, "run_name": name})},
	}
	undo := p
	undo.Title, undo.Backend = "Undo: "+p.Title, s.name
	undo.Requests = []backends.Request{s.post("runs/update", map[string]string{"run_id": run.ID, "run_name": run.Name})}
	p.Undo = &undo
	return pinned(p, run), nil
}

// PlanDelete moves runs to MLflow's deleted stage; the undo restores them.
func (s *Server) PlanDelete(ctx context.Context, runs []backends.Ref) (backends.Plan, error) {
	return s.stage(ctx, runs, true)
}

// PlanRestore brings deleted runs back.
func (s *Server) PlanRestore(ctx context.Context, runs []backends.Ref) (backends.Plan, error) {
	return s.stage(ctx, runs, false)
}

func (s *Server) stage(ctx context.Context, refs []backends.Ref, deleting bool) (backends.Plan, error) {
	verb, back := "delete", "restore"
	if !deleting {
		verb, back = back, verb
	}
	if len(refs) == 0 {
		return backends.Plan{}, fmt.Errorf("%s: no run given", verb)
	}
	p := backends.Plan{Action: "runs." + verb, Summary: "Hides them from every list of " + s.c.URL() + "; undo brings them back."}
	if !deleting {
		p.Summary = "Brings them back to every list of " + s.c.URL() + "."
	}
	undo := backends.Plan{Action: "runs." + back, Backend: s.name}
	var names []string
	var runs []*backends.Run
	for _, ref := range refs {
		r, err := s.fetch(ctx, ref.ID)
		if err != nil {
			return backends.Plan{}, err
		}
		if r.Deleted == deleting {
			return backends.Plan{}, fmt.Errorf("%s %s: it is so already", verb, r.Name)
		}
		if r.Active() && deleting {
			p.Against = append(p.Against, r.Name+" is still running; deleting does not stop it")
		}
		p.Target, names, runs = append(p.Target, r.Ref()), append(names, r.Name), append(runs, r)
		p.Requests = append(p.Requests, s.post("runs/"+verb, map[string]string{"run_id": r.ID}))
		undo.Requests = append(undo.Requests, s.post("runs/"+back, map[string]string{"run_id": r.ID}))
	}
	p.Title = strings.ToUpper(verb[:1]) + verb[1:] + " " + strings.Join(names[:min(3, len(names))], ", ")
	if n := len(names) - 3; n > 0 {
		p.Title += fmt.Sprintf(" and %d more", n)
	}
	if len(p.Against) > 0 || len(runs) > 1 {
		p.Risk = backends.Disruptive
	}
	undo.Title, undo.Target = "Undo: "+p.Title, p.Target
	p.Undo = &undo
	return pinned(p, runs...), nil
}

// PlanAlias points an alias at a version; "" removes it.
func (s *Server) PlanAlias(ctx context.Context, model, version, alias string) (backends.Plan, error) {
	models, err := s.Models(ctx)
	if err != nil {
		return backends.Plan{}, err
	}
	i := slices.IndexFunc(models, func(m backends.RegisteredModel) bool { return m.Name == model })
	if i < 0 {
		return backends.Plan{}, fmt.Errorf("model %s: %w", model, backends.ErrNotFound)
	}
	if version != "" && !slices.ContainsFunc(models[i].Versions, func(v backends.ModelVersion) bool { return v.Version == version }) {
		return backends.Plan{}, fmt.Errorf("version %s of model %s: %w", version, model, backends.ErrNotFound)
	}
	point := func(v string) backends.Request {
		if v == "" {
			return s.request(http.MethodDelete, "registered-models/alias", map[string]string{"name": model, "alias": alias})
		}
		return s.post("registered-models/alias", map[string]string{"name": model, "alias": alias, "version": v})
	}
	was := models[i].Aliases[alias]
	p := backends.Plan{
		Backend: s.name, Action: "models.alias", Title: "Point @" + alias + " of " + model + " at version " + version, Summary: "Changes the registry on " + s.c.URL() + ".",
		Target: []backends.Ref{{Backend: s.name, Kind: "model", ID: model, Name: model}}, Requests: []backends.Request{point(version)},
	}
	switch {
	case version == "" && was == "":
		return backends.Plan{}, fmt.Errorf("alias %s of model %s: %w", alias, model, backends.ErrNotFound)
	case version == "":
		p.Title = "Remove @" + alias + " of " + model
	}
	if was != "" {
		p.Lines = []backends.Line{{Label: "@" + alias, Value: was + " → " + version}}
	}
	undo := p
	undo.Title, undo.Requests, undo.Lines = "Undo: "+p.Title, []backends.Request{point(was)}, nil
	p.Undo = &undo
	return p, nil
}

// Apply sends the plan's requests in order and stops at the first that fails. A plan
// whose target changed since it was made is backends.ErrStale.
func (s *Server) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	for _, r := range p.Requests { // all of it is allowed, or nothing is begun
		if err := backends.CheckRisk(ctx, "http", r.Verb+" "+r.Target, p.Risk); err != nil {
			return backends.Receipt{}, err
		}
	}
	if p.Precondition.Rev != "" {
		now, err := s.state(ctx, p.Target)
		if err != nil {
			return backends.Receipt{}, err
		}
		if now != p.Precondition.Rev {
			return backends.Receipt{}, fmt.Errorf("%s: %w", strings.ToLower(p.Title), backends.ErrStale)
		}
	}
	for i, r := range p.Requests {
		if err := s.c.Send(ctx, r.Verb, r.Target, r.Body); err != nil {
			return backends.Receipt{}, fmt.Errorf("%s: %w", strings.ToLower(p.Title), err)
		}
		if report != nil {
			report(backends.Progress{Done: int64(i + 1), Total: int64(len(p.Requests)), Unit: "requests"})
		}
	}
	receipt := backends.Receipt{Target: p.Target, Note: "done on " + s.c.URL(), At: s.now(), Undo: p.Undo}
	if err := s.refresh(ctx, p.Target); err != nil { // what was done is done
		return receipt, nil
	}
	if p.Undo != nil && p.Precondition.Rev != "" {
		if now, err := s.state(ctx, p.Target); err == nil {
			back := *p.Undo
			back.Precondition = backends.Precondition{Rev: now, Note: p.Precondition.Note}
			receipt.Undo = &back
		}
	}
	return receipt, nil
}

// state is the rev of a plan's targets now.
func (s *Server) state(ctx context.Context, refs []backends.Ref) (string, error) {
	var runs []*backends.Run
	for _, ref := range refs {
		r, err := s.fetch(ctx, ref.ID)
		if err != nil {
			return "", err
		}
		runs = append(runs, r)
	}
	return rev(runs), nil
}

// refresh has the listings know at once what we changed ourselves.
func (s *Server) refresh(ctx context.Context, refs []backends.Ref) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, l := range []*listing{&s.active, &s.gone} {
		if !l.complete {
			continue
		}
		changed := false
		for _, ref := range refs {
			if ref.Kind != "run" {
				continue
			}
			one, err := l.recheck(ctx, s, ref.ID)
			if err != nil {
				return err
			}
			changed = changed || one
		}
		if changed {
			l.show()
		}
	}
	return nil
}
