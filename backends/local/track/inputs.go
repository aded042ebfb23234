package track

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// Limits of what MLflow keeps of a data set, in characters.
const (
	maxDatasetName    = 500
	maxDatasetDigest  = 36
	maxDatasetSource  = 65535
	maxDatasetSchema  = 1_048_575
	maxDatasetProfile = 16_777_215
	maxInputTagKey    = 255
	maxInputTagValue  = 500
)

// tagContext is the input tag in which MLflow says what a data set was for.
const tagContext = "mlflow.data.context"

type (
	wireDataset struct {
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Schema     string `json:"schema,omitempty"`
		Profile    string `json:"profile,omitempty"`
	}
	datasetInput struct {
		Tags    []backends.Tag `json:"tags,omitempty"`
		Dataset wireDataset    `json:"dataset"`
	}
)

func (a *api) logInputs(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	var inputs []datasetInput
	in.read("datasets", &inputs)
	in.checkRun(id)
	var out []backends.Dataset
	for i := range inputs {
		out = append(out, in.dataset(i, &inputs[i]))
	}
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.LogInputs(ctx, id, out); err != nil { // without any it still looks for the run
		return nil, err
	}
	return done(a.logModelInputs(ctx, id, in))
}

func (f *fields) dataset(i int, d *datasetInput) backends.Dataset {
	s := backends.Dataset{
		Name: d.Dataset.Name, Digest: d.Dataset.Digest, SourceType: d.Dataset.SourceType, Source: d.Dataset.Source,
		Schema: d.Dataset.Schema, Profile: d.Dataset.Profile,
	}
	if s.Name == "" {
		f.missing(fmt.Sprintf("datasets[%d].dataset.name", i))
	}
	if s.Digest == "" {
		f.missing(fmt.Sprintf("datasets[%d].dataset.digest", i))
	}
	f.within("name", maxDatasetName, s.Name)
	if !strings.HasPrefix(s.Digest, "sha256:") { // our own are longer than MLflow's
		f.within("digest", maxDatasetDigest, s.Digest)
	}
	f.within("source", maxDatasetSource, s.Source)
	f.within("schema", maxDatasetSchema, s.Schema)
	f.within("profile", maxDatasetProfile, s.Profile)
	for _, t := range d.Tags {
		f.within("key", maxInputTagKey, t.Key)
		f.within("value", maxInputTagValue, t.Value)
		if t.Key == tagContext {
			s.Context = t.Value
		} else {
			s.Tags = append(s.Tags, t)
		}
	}
	return s
}

func (f *fields) within(what string, limit int, v string) {
	if len(v) > limit && utf8.RuneCountInString(v) > limit {
		f.fail("'%s' exceeds the maximum length of %d characters", what, limit)
	}
}

// tagModels is where MLflow 2 keeps what models a run logged: a list of what each
// model's file says of it.
const tagModels = "mlflow.log-model.history"

// logModel is how clients of MLflow 2 say that a run logged a model.
func (a *api) logModel(ctx context.Context, in *fields) (any, error) {
	id, text := in.run(), in.required("model_json")
	if in.err != nil {
		return nil, in.err
	}
	var model map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &model); err != nil {
		return nil, refuse("Malformed model info. \n %s \n is not a valid JSON.", text)
	}
	var missing []string
	for _, k := range []string{"artifact_path", "flavors", "utc_time_created", "run_id"} {
		if _, ok := model[k]; !ok {
			missing = append(missing, store.PyRepr(k))
		}
	}
	if len(missing) > 0 {
		return nil, refuse("Model json is missing mandatory fields: {%s}", strings.Join(missing, ", "))
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	history := []json.RawMessage{}
	if old := r.Tag(tagModels); old != "" {
		if err := json.Unmarshal([]byte(old), &history); err != nil {
			return nil, fmt.Errorf("tag %s of run %s: %w", tagModels, id, err)
		}
	}
	b, err := json.Marshal(append(history, modelTags(model)))
	if err != nil {
		return nil, err
	}
	return done(a.st.SetTags(ctx, id, []backends.Tag{{Key: tagModels, Value: pythonSpaced(b)}}))
}

// modelTags is what MLflow keeps of a model, without the config of its flavors.
func modelTags(model map[string]json.RawMessage) json.RawMessage {
	var flavors map[string]map[string]json.RawMessage
	if json.Unmarshal(model["flavors"], &flavors) == nil {
		configs := 0
		for _, f := range flavors {
			if _, ok := f["config"]; ok {
				configs++
				delete(f, "config")
			}
		}
		if b, err := json.Marshal(flavors); err == nil && configs > 0 {
			model["flavors"] = b
		}
	}
	b := []byte{'{'}
	for _, k := range []string{"run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors"} {
		if v, ok := model[k]; ok {
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(append(appendText(b, k), ':'), v...)
		}
	}
	return append(b, '}')
}

// pythonSpaced puts the space that Python's json writes after commas and colons.
func pythonSpaced(b []byte) string {
	var out strings.Builder
	quoted := false
	for i, c := range b {
		out.WriteByte(c)
		switch {
		case c == '"' && !escapedAt(b, i):
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out.WriteByte(' ')
		}
	}
	return out.String()
}

func escapedAt(b []byte, i int) bool {
	n := 0
	for i--; i >= 0 && b[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}
