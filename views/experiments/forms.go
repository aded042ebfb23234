package experiments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/form"
)

// editForm asks for a run's name, note and tags in one place. Tags are written
// key=value, one a line.
func (d *Desk) editForm(r *backends.Run) tui.Form {
	before := tagLines(r)
	return tui.Form{
		Title: "Edit " + r.Name, Verb: "save",
		Form: form.New(
			form.Field{ID: "name", Kind: form.Text, Label: "name", Default: r.Name, Required: true},
			form.Field{ID: "note", Kind: form.Note, Label: "note", Default: r.Tag(backends.TagNote), Rows: 4},
			form.Field{ID: "tags", Kind: form.Note, Label: "tags", Hint: "key=value, one a line", Default: before, Rows: 4, Validate: func(s string, _ form.Values) error {
				_, err := parseTags(s)
				return err
			}}),
		Submit: func(ctx context.Context, vals form.Values) (backends.Plan, error) { return d.planEdit(ctx, r, vals) },
	}
}

// planEdit turns the edited form into one plan that sets exactly what changed.
func (d *Desk) planEdit(ctx context.Context, r *backends.Run, vals form.Values) (backends.Plan, error) {
	after, err := parseTags(vals["tags"])
	if err != nil {
		return backends.Plan{}, err
	}
	before, _ := parseTags(tagLines(r))
	var set []backends.Tag
	var remove []string
	for k, val := range after {
		if old, ok := before[k]; !ok || old != val {
			set = append(set, backends.Tag{Key: k, Value: val})
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			remove = append(remove, k)
		}
	}
	slices.SortFunc(set, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	slices.Sort(remove)
	if vals["name"] != r.Name {
		set = append(set, backends.Tag{Key: backends.TagName, Value: vals["name"]})
	}
	if vals["note"] != r.Tag(backends.TagNote) {
		set = append(set, backends.Tag{Key: backends.TagNote, Value: vals["note"]})
	}
	if len(set) == 0 && len(remove) == 0 {
		return backends.Plan{}, errors.New("nothing was changed")
	}
	return planWith(d, r, func(b backends.RunTagger) (backends.Plan, error) { return b.PlanTags(ctx, r.Ref(), set, remove) })
}

// tagLines is the tags that a person set, without the ones that MLflow and we keep
// for ourselves.
func tagLines(r *backends.Run) string {
	var lines []string
	for _, t := range r.Tags {
		if !strings.HasPrefix(t.Key, "mlflow.") && !strings.HasPrefix(t.Key, "flightdeck.") {
			lines = append(lines, t.Key+"="+t.Value)
		}
	}
	return strings.Join(lines, "\n")
}

func parseTags(text string) (map[string]string, error) {
	tags := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		k, val, ok := strings.Cut(line, "=")
		k = strings.TrimSpace(k)
		if !ok || k == "" {
			return nil, fmt.Errorf("line %d: write key=value", i+1)
		}
		tags[k] = strings.TrimSpace(val)
	}
	return tags, nil
}

// registerForm asks under which name the run's model becomes a version.
func (d *Desk) registerForm(r *backends.Run) tui.Form {
	name := r.ExpName
	if name == "" || name == "Default" {
		name = "model"
	}
	return tui.Form{
		Title: "Register the model of " + r.Name, Verb: "register", Intro: "Makes the next version of a registered model.",
		Form: form.New(
			form.Field{ID: "model", Kind: form.Text, Label: "model", Default: name, Required: true},
			form.Field{ID: "artifact", Kind: form.Text, Label: "artifact", Default: "model", Required: true, Hint: "the file or folder of the run that is the model"}),
		Submit: func(ctx context.Context, vals form.Values) (backends.Plan, error) {
			return planWith(d, r, func(b backends.ModelRegistrar) (backends.Plan, error) {
				return b.PlanRegister(ctx, r.Ref(), vals["model"], vals["artifact"])
			})
		},
	}
}
