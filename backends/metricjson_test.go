package backends

import (
	"encoding/json"
	"math"
	"testing"
)

func TestMetricsInJSON(t *testing.T) {
	for want, v := range map[string]float64{`"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1), `0.1`: 0.1, `5e-324`: 5e-324} {
		m := Metric{Key: "loss", Value: v, Step: -3, Time: 7}
		b, err := json.Marshal(&Run{Metrics: []Metric{m}})
		var back Run
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || len(back.Metrics) != 1 || math.Float64bits(back.Metrics[0].Value) != math.Float64bits(v) || back.Metrics[0].Step != -3 {
			t.Errorf("%v: %v, %s gives %+v", v, err, b, back.Metrics)
		}
		mm := ModelMetric{m, "m-1", "r", "train", "d"}
		b, err = json.Marshal(mm)
		var one ModelMetric
		if err == nil {
			err = json.Unmarshal(b, &one)
		}
		if text := `{"key":"loss","value":` + want + `,"step":-3,"timestamp":7,"model_id":"m-1","run_id":"r","dataset_name":"train","dataset_digest":"d"}`; err != nil || string(b) != text {
			t.Errorf("%s (%v), want %s", b, err, text)
		}
		if one.Model != "m-1" || one.Digest != "d" || one.Key != "loss" || math.Float64bits(one.Value) != math.Float64bits(v) {
			t.Errorf("%s gives %+v", b, one)
		}
	}
	var m Metric
	if err := json.Unmarshal([]byte(`{"key":"a","value":"many"}`), &m); err == nil {
		t.Error("a word is taken for a number")
	}
}
