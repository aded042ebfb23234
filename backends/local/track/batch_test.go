package track

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"flightdeck/backends"
)

// slow is what encoding/json makes of a batch.
func slow(t *testing.T, body []byte) (batch, error) {
	f := &fields{m: map[string]json.RawMessage{}, raw: body, message: messages()["/mlflow/runs/log-batch"]}
	if err := f.parse(); err != nil {
		return batch{}, err
	}
	b := f.batch()
	return b, f.err
}

func sameBatch(a, b batch) bool {
	if len(a.metrics) != len(b.metrics) {
		return false
	}
	for i, x := range a.metrics { // NaN is equal to itself here
		y := b.metrics[i]
		if x.Key != y.Key || x.Time != y.Time || x.Step != y.Step || math.Float64bits(x.Value) != math.Float64bits(y.Value) {
			return false
		}
	}
	return a.run == b.run && len(a.params) == len(b.params) && len(a.tags) == len(b.tags) &&
		(len(a.params) == 0 || reflect.DeepEqual(a.params, b.params)) && (len(a.tags) == 0 || reflect.DeepEqual(a.tags, b.tags))
}

func TestParseBatch(t *testing.T) {
	for body, fast := range map[string]bool{
		`{"run_id": "r", "metrics": [{"key": "a", "value": 0.5, "timestamp": 5, "step": -3}], "params": [], "tags": [{"key": "k", "value": "v"}]}`: true,
		`{"run_id":"r","metrics":[{"value":"NaN","key":"é\n","timestamp":"7"},{"key":"é\n","value":-1e-7,"timestamp":0,"step":1.0}]}`:              true,
		`{"run_id":"r","metrics":[{"key":"a","value":"-Infinity","timestamp":9223372036854775807}]}`:                                               true,
		`{"run_id":"r"}`:                        true,
		`{"run_id":"r","params":[{"key":"a"}]}`: true,
		`{"run_id":"r","metrics":[{"key":"a","value":1,"timestamp":1,"model_id":"m"}]}`: false,
		`{"run_id":"r","metrics":[{"key":"a","value":01,"timestamp":1}]}`:               false,
		`{"run_id":"r","metrics":[{"key":"a","value":1.,"timestamp":1}]}`:               false,
		`{"run_id":"r","metrics":[{"key":"a","value":1e999,"timestamp":1}]}`:            false,
		`{"run_id":"r","metrics":[{"key":"a","timestamp":1}]}`:                          false,
		`{"run_id":"r","metrics":[{"key":"a","value":null,"timestamp":1}]}`:             false,
		`{"run_id":"r","metrics":null}`:                                                 false,
		`{"run_id":"r"} x`:                                                              false,
		`{"run_id":"r",}`:                                                               false,
		`{"run_id":"r","metrics":[,]}`:                                                  false,
		`{"run_id":""}`:                                                                 false,
		`{"run_uuid":"r"}`:                                                              false,
		"{\"run_id\":\"r\xff\"}":                                                        false,
		"{\"run_id\":\"a\tb\"}":                                                         false,
		`{"run_id":"r","tags":[{"value":""}]}`:                                          false,
	} {
		b, ok := parseBatch([]byte(body))
		if ok != fast {
			t.Errorf("%s: %v", body, ok)
			continue
		}
		if want, err := slow(t, []byte(body)); ok && (err != nil || !sameBatch(b, want)) {
			t.Errorf("%s: %+v, want %+v, %v", body, b, want, err)
		}
	}
}

// FuzzParseBatch: whatever is read quickly is what encoding/json reads.
func FuzzParseBatch(f *testing.F) {
	f.Add([]byte(`{"run_id": "r", "metrics": [{"key": "a", "value": 0.5, "timestamp": 5, "step": 3}, {"key": "a", "value": "NaN", "timestamp": "5"}], "params": [{"key": "p", "value": "é"}], "tags": [{"key": "k", "value": "v\n"}]}`))
	f.Add([]byte(`{"run_id":"r","metrics":[{"key":"a","value":-1.5e+3,"timestamp":1e3}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, ok := parseBatch(body)
		if !ok {
			return
		}
		want, err := slow(t, body)
		if err != nil || !sameBatch(b, want) {
			t.Fatalf("%s: %+v, want %+v, %v", body, b, want, err)
		}
	})
}

func TestSample(t *testing.T) {
	p := backends.Points{}
	for i := range 10 {
		p.Step, p.Time, p.Value = append(p.Step, int64(i/2)), append(p.Time, int64(i)), append(p.Value, float64(i))
	}
	for n, want := range map[int][]float64{1: {9}, 2: {0, 9}, 3: {0, 4, 9}, 4: {0, 3, 6, 9}, 9: {0, 2, 3, 4, 5, 6, 7, 8, 9}, 10: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 20: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		if got := sample(p, math.MinInt64, math.MaxInt64, n); !reflect.DeepEqual(got.Value, want) {
			t.Errorf("%d of them: %v, want %v", n, got.Value, want)
		}
	}
	if got := sample(p, 1, 2, 10); !reflect.DeepEqual(got.Value, []float64{2, 3, 4, 5}) {
		t.Errorf("steps 1 and 2: %v", got.Value)
	}
}
