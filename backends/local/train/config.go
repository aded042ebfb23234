package train

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
)

// Config is one training. New gives the defaults of a task; Params describes the
// fields for a command line and for a form, and Set takes their values as text.
type Config struct {
	Task string // "digits" or "sentiment"
	Name string // of the run, "" to let the sink choose
	Dir  string // where checkpoints are written, "" for the current folder

	Epochs    int
	Rate      float64
	Batch     int
	Width     int // of each hidden layer
	Depth     int // hidden layers
	L2        float64
	Optimizer string
	Momentum  float64
	Schedule  string
	Ngrams    int
	Noise     float64 // share of wrong labels
	Seed      int     // of initial weights and of the order of samples
	SplitSeed int     // of the data and its split, the same for runs to compare

	OnNaN    string
	Throttle time.Duration
	Resume   bool
}

// Kind is the type of a field.
type Kind uint8

// The kinds.
const (
	Int Kind = iota
	Float
	Choice
	Duration
	Bool
	Text
)

// Field describes a field of Config by the name of its flag.
type Field struct {
	Name, Default, Help string
	Kind                Kind
	Min, Max            float64 // of a number
	Choices             []string
	Param               bool // logged: the result depends on it

	ref func(*Config) any
}

// Tasks are what can be trained.
func Tasks() []string { return []string{"digits", "sentiment"} }

// New is the default config of a task.
func New(task string) (Config, error) {
	if !slices.Contains(Tasks(), task) {
		return Config{}, fmt.Errorf("unknown task %q: it is one of %s", task, strings.Join(Tasks(), ", "))
	}
	c := Config{Task: task}
	for _, f := range Params(task) {
		if err := c.Set(f.Name, f.Default); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

// Params are the fields that a task has, in the order for a form.
func Params(task string) []Field {
	common := []Field{
		{Name: "epochs", Default: "30", Kind: Int, Min: 1, Max: 100_000, Param: true, Help: "passes over the training data", ref: func(c *Config) any { return &c.Epochs }},
		{Name: "lr", Default: "0.05", Kind: Float, Min: 1e-9, Max: 1000, Param: true, Help: "learning rate", ref: func(c *Config) any { return &c.Rate }},
		{Name: "batch", Default: "32", Kind: Int, Min: 1, Max: 10_000, Param: true, Help: "samples a step", ref: func(c *Config) any { return &c.Batch }},
	}
	layers := []Field{
		{Name: "width", Default: "64", Kind: Int, Min: 1, Max: 4096, Param: true, Help: "units of a hidden layer", ref: func(c *Config) any { return &c.Width }},
		{Name: "depth", Default: "2", Kind: Int, Min: 1, Max: 4, Param: true, Help: "hidden layers", ref: func(c *Config) any { return &c.Depth }},
	}
	words := []Field{
		{Name: "ngrams", Default: "2", Kind: Int, Min: 1, Max: 5, Param: true, Help: "longest run of words that is a feature", ref: func(c *Config) any { return &c.Ngrams }},
		{Name: "noise", Default: "0.02", Kind: Float, Min: 0, Max: 0.5, Param: true, Help: "share of wrong labels in the data", ref: func(c *Config) any { return &c.Noise }},
	}
	rest := []Field{
		{Name: "l2", Default: "0.0001", Kind: Float, Min: 0, Max: 10, Param: true, Help: "weight decay", ref: func(c *Config) any { return &c.L2 }},
		{Name: "optimizer", Default: "sgd", Kind: Choice, Choices: []string{"sgd", "adam"}, Param: true, Help: "sgd with momentum, or adam", ref: func(c *Config) any { return &c.Optimizer }},
		{Name: "momentum", Default: "0.9", Kind: Float, Min: 0, Max: 0.999, Param: true, Help: "of sgd", ref: func(c *Config) any { return &c.Momentum }},
		{Name: "schedule", Default: "constant", Kind: Choice, Choices: []string{"constant", "cosine"}, Param: true, Help: "of the learning rate over the epochs", ref: func(c *Config) any { return &c.Schedule }},
		{Name: "seed", Default: "11", Kind: Int, Min: 0, Max: 1 << 53, Param: true, Help: "of initial weights and order", ref: func(c *Config) any { return &c.Seed }},
		{Name: "split-seed", Default: "7", Kind: Int, Min: 0, Max: 1 << 53, Param: true, Help: "of the split into training, validation and test data", ref: func(c *Config) any { return &c.SplitSeed }},
		{Name: "on-nan", Default: "stop", Kind: Choice, Choices: []string{"stop", "continue"}, Help: "when the loss is NaN or infinite", ref: func(c *Config) any { return &c.OnNaN }},
		{Name: "throttle", Default: "0s", Kind: Duration, Max: 3600, Help: "wait so long after each epoch, to watch it live", ref: func(c *Config) any { return &c.Throttle }},
		{Name: "resume", Default: "false", Kind: Bool, Help: "go on from the checkpoint in the folder", ref: func(c *Config) any { return &c.Resume }},
		{Name: "dir", Default: "", Kind: Text, Help: "folder for checkpoints, the current one by default", ref: func(c *Config) any { return &c.Dir }},
		{Name: "name", Default: "", Kind: Text, Help: "of the run", ref: func(c *Config) any { return &c.Name }},
	}
	own := layers
	if task == "sentiment" {
		common[1].Default = "0.3"
		own = words
	}
	return slices.Concat(common, own, rest)
}

func field(task, name string) (Field, error) {
	var names []string
	for _, f := range Params(task) {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Field{}, fmt.Errorf("%s has no %s: it has %s", task, name, strings.Join(names, ", "))
}

// Set takes the value of a field as text. It refuses what is not of the field's
// kind; whether a number is within its limits is for Validate.
func (c *Config) Set(name, value string) error {
	f, err := field(c.Task, name)
	if err != nil {
		return err
	}
	switch p := f.ref(c).(type) {
	case *int:
		*p, err = strconv.Atoi(value)
	case *float64:
		*p, err = strconv.ParseFloat(value, 64)
	case *bool:
		*p, err = strconv.ParseBool(value)
	case *time.Duration:
		*p, err = time.ParseDuration(value)
	case *string:
		if f.Kind == Choice && !slices.Contains(f.Choices, value) {
			return fmt.Errorf("%s is %s, not %q", name, strings.Join(f.Choices, " or "), value)
		}
		*p = value
	}
	if err != nil {
		return fmt.Errorf("%s %q is not %s", name, value, [...]string{"a whole number", "a number", "", "a duration like 500ms", "true or false", ""}[f.Kind])
	}
	return nil
}

// Value is a field's value as Set takes it.
func (c *Config) Value(name string) string {
	f, err := field(c.Task, name)
	if err != nil {
		return ""
	}
	switch p := f.ref(c).(type) {
	case *int:
		return strconv.Itoa(*p)
	case *float64:
		return strconv.FormatFloat(*p, 'g', -1, 64)
	case *bool:
		return strconv.FormatBool(*p)
	case *time.Duration:
		return p.String()
	case *string:
		return *p
	}
	return ""
}

// Validate says what cannot be trained.
func (c *Config) Validate() error {
	if !slices.Contains(Tasks(), c.Task) {
		return fmt.Errorf("unknown task %q", c.Task)
	}
	for _, f := range Params(c.Task) {
		var v float64
		switch p := f.ref(c).(type) {
		case *int:
			v = float64(*p)
		case *float64:
			v = *p
		case *time.Duration:
			v = p.Seconds()
		default:
			continue
		}
		if !(v >= f.Min) {
			return fmt.Errorf("%s must be at least %v, not %s", f.Name, f.Min, c.Value(f.Name))
		}
		if v > f.Max {
			return fmt.Errorf("%s must be at most %v, not %s", f.Name, f.Max, c.Value(f.Name))
		}
	}
	return nil
}

// params are the logged fields, sorted by key, and the task.
func (c *Config) params() []backends.Param {
	out := []backends.Param{{Key: "task", Value: c.Task}}
	for _, f := range Params(c.Task) {
		if f.Param {
			out = append(out, backends.Param{Key: strings.ReplaceAll(f.Name, "-", "_"), Value: c.Value(f.Name)})
		}
	}
	slices.SortFunc(out, func(a, b backends.Param) int { return strings.Compare(a.Key, b.Key) })
	return out
}
