package experiments

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/form"
)

// anyCommand is the choice, beside the built-in models, of a command line.
const anyCommand = "command"

// whyNoNew says why no run can be started from here.
func (d *Desk) whyNoNew() string {
	if _, ok := d.runner(); !ok {
		return "none of the backends can start a process"
	}
	return ""
}

// runner is the first source that can start something.
func (d *Desk) runner() (backends.Runner, bool) {
	for _, b := range d.sources {
		if r, ok := b.(backends.Runner); ok {
			return r, true
		}
	}
	return nil, false
}

// newForm asks what to run: a model of the built-in trainer with its
// hyper-parameters, or any command.
func (d *Desk) newForm() tui.Form {
	what := form.Field{ID: "what", Kind: form.Choice, Label: "what"}
	var fields []form.Field
	is := func(option string) func(form.Values) bool {
		return func(vals form.Values) bool { return vals["what"] == option }
	}
	if t := d.train; t != nil {
		for _, m := range t.Models {
			what.Options = append(what.Options, form.Option{Value: m})
			for _, p := range t.Params(m) {
				f := p.field()
				f.ID, f.When = m+"."+p.Name, is(m)
				fields = append(fields, f)
			}
		}
	}
	what.Options = append(what.Options, form.Option{Value: anyCommand, Label: "any command"})
	fields = append(fields,
		form.Field{ID: anyCommand, Kind: form.Text, Label: "command", Hint: "python train.py --lr 0.01", Required: true, When: is(anyCommand), Validate: isCommand},
		form.Field{ID: "experiment", Kind: form.Text, Label: "experiment", Hint: "Default when empty", When: is(anyCommand)})
	return tui.Form{
		Title: "Start a new run", Verb: "start", Intro: "It runs as a process of its own, and goes on when this program ends.", Form: form.New(slices.Insert(fields, 0, what)...),
		Submit: func(ctx context.Context, vals form.Values) (backends.Plan, error) {
			r, ok := d.runner()
			if !ok {
				return backends.Plan{}, errors.New(d.whyNoNew())
			}
			spec, err := d.spec(vals)
			if err != nil {
				return backends.Plan{}, err
			}
			return r.PlanStart(ctx, spec)
		},
	}
}

// spec is the job that the form for a new run asks for.
func (d *Desk) spec(vals form.Values) (backends.JobSpec, error) {
	model := vals["what"]
	if model == anyCommand {
		words, err := backends.Split(vals[anyCommand])
		return backends.JobSpec{Command: words, Experiment: vals["experiment"]}, err
	}
	set := map[string]string{}
	for k, val := range vals {
		if name, ok := strings.CutPrefix(k, model+"."); ok {
			set[name] = val
		}
	}
	return backends.JobSpec{Command: d.train.Command(model, set), Experiment: model}, nil
}

// field is how a hyper-parameter is asked for.
func (p TrainParam) field() form.Field {
	f := form.Field{ID: p.Name, Kind: form.Text, Label: p.Name, Hint: p.Help, Default: p.Default}
	def, err := strconv.ParseFloat(p.Default, 64)
	switch _, notDuration := time.ParseDuration(p.Default); {
	case len(p.Options) > 0:
		f.Kind = form.Choice
		for _, o := range p.Options {
			f.Options = append(f.Options, form.Option{Value: o})
		}
	case err == nil:
		f.Kind, f.Min, f.Max, f.Integer, f.Required = form.Number, p.Min, p.Max, p.Integer, true
		if !p.Integer && def > 0 {
			f.Factor = 10
		}
	case notDuration == nil:
		f.Validate = func(s string, _ form.Values) error {
			if _, err := time.ParseDuration(s); err != nil {
				return errors.New("is not a duration like 500ms")
			}
			return nil
		}
	}
	return f
}

func isCommand(s string, _ form.Values) error {
	_, err := backends.Split(s)
	return err
}

// rerunForm asks for the hyper-parameters of the built-in trainer, or for the
// command line of anything else.
func (d *Desk) rerunForm(r *backends.Run) tui.Form {
	line := r.Tag(backends.TagCommand)
	words, err := backends.Split(line)
	f := tui.Form{Title: "Run " + r.Name + " again", Verb: "start", Intro: "A new run, in the same folder and environment."}
	if model, ok := d.trains(words); ok && err == nil {
		var fields []form.Field
		for _, p := range d.train.Params(model) {
			fd := p.field()
			fd.Default = valueOf(words, r, p)
			fields = append(fields, fd)
		}
		f.Form = form.New(fields...)
		f.Submit = func(ctx context.Context, vals form.Values) (backends.Plan, error) {
			command := words
			for _, p := range d.train.Params(model) {
				if vals[p.Name] != valueOf(words, r, p) {
					command = withFlag(command, p.Name, vals[p.Name])
				}
			}
			return d.planRerun(ctx, r, command)
		}
		return f
	}
	f.Form = form.New(form.Field{ID: anyCommand, Kind: form.Text, Label: "command", Default: line, Required: true, Validate: isCommand})
	f.Submit = func(ctx context.Context, vals form.Values) (backends.Plan, error) {
		command, err := backends.Split(vals[anyCommand])
		if err != nil {
			return backends.Plan{}, err
		}
		return d.planRerun(ctx, r, command)
	}
	return f
}

func (d *Desk) planRerun(ctx context.Context, r *backends.Run, command []string) (backends.Plan, error) {
	return planWith(d, r, func(b backends.Rerunner) (backends.Plan, error) { return b.PlanRerun(ctx, r.Ref(), command) })
}

// trains says which of the built-in models a command trains.
func (d *Desk) trains(words []string) (model string, ok bool) {
	if d.train == nil || len(words) < 3 || words[1] != "train" {
		return "", false
	}
	return words[2], slices.Contains(d.train.Models, words[2])
}

// valueOf is what a hyper-parameter was in a run: as its command says, else as it
// was logged, else the default.
func valueOf(words []string, r *backends.Run, p TrainParam) string {
	if at, val := flag(words, p.Name); at >= 0 {
		return val
	}
	if val, ok := r.Param(strings.ReplaceAll(p.Name, "-", "_")); ok {
		return val
	}
	return p.Default
}

// flag finds --name value or --name=value in a command; at is -1 when it is not
// there.
func flag(words []string, name string) (at int, value string) {
	for i, w := range words {
		if val, ok := strings.CutPrefix(w, "--"+name+"="); ok {
			return i, val
		}
		if w == "--"+name && i+1 < len(words) {
			return i, words[i+1]
		}
	}
	return -1, ""
}

// withFlag is a command with another value of a flag.
func withFlag(words []string, name, value string) []string {
	words = slices.Clone(words)
	at, _ := flag(words, name)
	switch {
	case at < 0:
		return append(words, "--"+name, value)
	case words[at] == "--"+name:
		words[at+1] = value
	default:
		words[at] = "--" + name + "=" + value
	}
	return words
}
