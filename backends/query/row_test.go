package query

import (
	"math"
	"time"
)

// row is a Subject made of maps.
type row struct {
	attrs    map[string]Value
	metrics  map[string]float64
	params   map[string]string
	tags     map[string]string
	datasets map[string][]string
	text     []string
}

func (r row) Attr(k string) (Value, bool)        { v, ok := r.attrs[k]; return v, ok }
func (r row) Metric(k string) (float64, bool)    { v, ok := r.metrics[k]; return v, ok }
func (r row) Param(k string) (string, bool)      { v, ok := r.params[k]; return v, ok }
func (r row) Tag(k string) (string, bool)        { v, ok := r.tags[k]; return v, ok }
func (r row) Text() []string                     { return r.text }
func (r row) Dataset(k string) (values []string) { return r.datasets[k] }

// now is a Thursday noon in a zone that is not UTC.
var now = time.Date(2026, 11, 12, 12, 0, 0, 0, time.FixedZone("CET", 3600))

var schema = Schema{
	Attrs: []Attr{
		{Name: "state", Aliases: []string{"status"}, Kind: Word, Values: []string{"running", "failed"}, Synonyms: map[string]string{"training": "running"}},
		{Name: "name", Aliases: []string{"run name"}},
		{Name: "start", Aliases: []string{"start_time"}, Kind: Time},
		{Name: "took", Kind: Duration},
		{Name: "epoch", Kind: Number},
		{Name: "note"},
	},
	Metrics:  []string{"val_acc", "val_loss", "val acc"},
	Params:   []string{"lr", "batch"},
	Tags:     []string{"team"},
	Entities: map[string]Entity{"labels": Tags},
	Values: func(f Field) []string {
		if f.Key == "team" {
			return []string{"vision", "two words"}
		}
		return nil
	},
}

var otter = row{
	attrs: map[string]Value{
		"state": {Kind: Word, Str: "failed", Alt: "diverged"},
		"name":  TextValue("brisk-otter"),
		"start": TimeValue(now.Add(-90 * time.Minute)),
		"took":  DurationValue(12 * time.Minute),
		"epoch": NumberValue(18),
	},
	metrics:  map[string]float64{"val_acc": 0.9722, "val_loss": math.NaN(), "val acc": 1, "a/b.c": -1},
	params:   map[string]string{"lr": "1e-2", "opt": "Adam", "batch": "032", "act": `re"lu\`},
	tags:     map[string]string{"team": "vision", "mlflow.user": "root", "v": "1.10"},
	datasets: map[string][]string{"name": {"digits", "six"}},
	text:     []string{"brisk-otter", "digits", "wider net, same data; compare before promoting"},
}
