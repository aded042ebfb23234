package backends

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// JSON has no NaN and no infinity. In it they are the strings "NaN", "Infinity" and
// "-Infinity", as protobuf's JSON, and with it MLflow's API, has them.

// jsonValue is a value as JSON has it.
type jsonValue float64

// MarshalJSON writes a number, or one of the three strings.
func (v jsonValue) MarshalJSON() ([]byte, error) {
	switch f := float64(v); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

// UnmarshalJSON reads what MarshalJSON writes, and numbers in strings.
func (v *jsonValue) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*float64)(v))
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("the value of a metric is not a number: %q", s)
	}
	*v = jsonValue(f)
	return nil
}

type metricJSON struct {
	Key   string    `json:"key"`
	Value jsonValue `json:"value"`
	Step  int64     `json:"step"`
	Time  int64     `json:"timestamp"`
}

// MarshalJSON writes any value, NaN too.
func (m Metric) MarshalJSON() ([]byte, error) {
	return json.Marshal(metricJSON{m.Key, jsonValue(m.Value), m.Step, m.Time})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Metric) UnmarshalJSON(b []byte) error {
	var j metricJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*m = Metric{j.Key, float64(j.Value), j.Step, j.Time}
	return nil
}

// modelMetricJSON is a ModelMetric without the methods that embedding a Metric lends
// it, which would leave its own fields out.
type modelMetricJSON struct {
	metricJSON
	Model   string `json:"model_id"`
	Run     string `json:"run_id"`
	Dataset string `json:"dataset_name,omitempty"`
	Digest  string `json:"dataset_digest,omitempty"`
}

// MarshalJSON writes any value, NaN too.
func (m ModelMetric) MarshalJSON() ([]byte, error) {
	return json.Marshal(modelMetricJSON{metricJSON{m.Key, jsonValue(m.Value), m.Step, m.Time}, m.Model, m.Run, m.Dataset, m.Digest})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *ModelMetric) UnmarshalJSON(b []byte) error {
	var j modelMetricJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*m = ModelMetric{Metric{j.Key, float64(j.Value), j.Step, j.Time}, j.Model, j.Run, j.Dataset, j.Digest}
	return nil
}
