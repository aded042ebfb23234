package track

import (
	"strconv"

	"flightdeck/backends"
)

// Runs are written by hand: a search answers with thousands of them, of fifty metrics
// each, and reflection takes longer than all the rest.

// artifactsOf is where a run keeps its files.
func artifactsOf(r *backends.Run) string {
	if r.Artifacts != "" {
		return r.Artifacts
	}
	return location(r.Experiment) + "/" + r.ID + "/artifacts"
}

func appendMember(b []byte, name, value string) []byte {
	return appendText(append(append(append(b, ','), name...), ':'), value)
}

func appendInfo(b []byte, r *backends.Run) []byte {
	b = appendText(append(b, `{"run_uuid":`...), r.ID)
	b = appendMember(b, `"experiment_id"`, r.Experiment)
	b = appendMember(b, `"run_name"`, r.Name)
	b = appendMember(b, `"user_id"`, r.User)
	b = appendMember(b, `"status"`, string(r.Status))
	b = strconv.AppendInt(append(b, `,"start_time":`...), r.Start.UnixMilli(), 10)
	if !r.End.IsZero() {
		b = strconv.AppendInt(append(b, `,"end_time":`...), r.End.UnixMilli(), 10)
	}
	b = appendMember(b, `"artifact_uri"`, artifactsOf(r))
	b = appendMember(b, `"lifecycle_stage"`, stage(r.Deleted))
	b = appendMember(b, `"run_id"`, r.ID)
	return append(b, '}')
}

// appendRun writes a run. uses are the logged models that it read and made; whole
// says them all, and that there are none, where only a single run is asked for.
func appendRun(b []byte, r *backends.Run, uses []backends.ModelUse, whole bool) []byte {
	b = appendInfo(append(b, `{"info":`...), r)
	b = append(b, `,"data":{`...)
	from := len(b)
	for i := range r.Metrics {
		m := &r.Metrics[i]
		b = appendFirst(b, i, from, `"metrics":[`)
		b = appendText(append(b, `{"key":`...), m.Key)
		b = appendPoint(append(b, `,"value":`...), m.Value, m.Time, m.Step)
		b = append(b, '}')
	}
	b = appendEnd(b, len(r.Metrics))
	for i := range r.Params {
		b = appendPair(appendFirst(b, i, from, `"params":[`), backends.Tag(r.Params[i]))
	}
	b = appendEnd(b, len(r.Params))
	n := 0
	for _, t := range r.Tags {
		if t.Key != backends.TagDiverged { // nobody set it
			b = appendPair(appendFirst(b, n, from, `"tags":[`), t)
			n++
		}
	}
	b = append(appendEnd(b, n), `},"inputs":`...)
	b = appendInputs(b, r.Inputs, uses)
	if whole {
		b = appendOutputs(append(b, `,"outputs":`...), uses)
	}
	return append(b, '}')
}

// appendFirst begins a list, or goes on with it. from is where the object begins that
// the list is a member of.
func appendFirst(b []byte, i, from int, head string) []byte {
	if i > 0 || len(b) > from {
		b = append(b, ',')
	}
	if i == 0 {
		b = append(b, head...)
	}
	return b
}

func appendEnd(b []byte, n int) []byte {
	if n > 0 {
		b = append(b, ']')
	}
	return b
}

func appendPoint(b []byte, value float64, time, step int64) []byte {
	b = appendFloat(b, value)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), time, 10)
	return strconv.AppendInt(append(b, `,"step":`...), step, 10)
}

func appendPair(b []byte, t backends.Tag) []byte {
	b = appendText(append(b, `{"key":`...), t.Key)
	b = appendText(append(b, `,"value":`...), t.Value)
	return append(b, '}')
}

func appendInputs(b []byte, sets []backends.Dataset, uses []backends.ModelUse) []byte {
	b = append(b, '{')
	from := len(b)
	for i := range sets {
		d := &sets[i]
		b = append(appendFirst(b, i, from, `"dataset_inputs":[`), '{')
		tags := d.Tags
		if d.Context != "" {
			tags = append([]backends.Tag{{Key: tagContext, Value: d.Context}}, tags...)
		}
		inside := len(b)
		for j, t := range tags {
			b = appendPair(appendFirst(b, j, inside, `"tags":[`), t)
		}
		b = appendEnd(b, len(tags))
		if len(tags) > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `"dataset":{"name":`...), d.Name)
		b = appendMember(b, `"digest"`, d.Digest)
		b = appendMember(b, `"source_type"`, d.SourceType)
		b = appendMember(b, `"source"`, d.Source)
		if d.Schema != "" {
			b = appendMember(b, `"schema"`, d.Schema)
		}
		if d.Profile != "" {
			b = appendMember(b, `"profile"`, d.Profile)
		}
		b = append(b, "}}"...)
	}
	b = appendEnd(b, len(sets))
	n := 0
	for _, u := range uses {
		if !u.Output {
			b = appendText(append(appendFirst(b, n, from, `"model_inputs":[`), `{"model_id":`...), u.Model)
			b = append(b, '}')
			n++
		}
	}
	return append(appendEnd(b, n), '}')
}

func appendOutputs(b []byte, uses []backends.ModelUse) []byte {
	b = append(b, '{')
	from, n := len(b), 0
	for _, u := range uses {
		if u.Output {
			b = appendText(append(appendFirst(b, n, from, `"model_outputs":[`), `{"model_id":`...), u.Model)
			b = append(strconv.AppendInt(append(b, `,"step":`...), u.Step, 10), '}')
			n++
		}
	}
	return append(appendEnd(b, n), '}')
}
