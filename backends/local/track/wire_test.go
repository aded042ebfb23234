package track

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

func operator(t testing.TB) context.Context {
	return backends.WithGrant(t.Context(), backends.Grant{Actor: "test", Role: backends.Operator})
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStore(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.Open(t.TempDir(), store.Options{})
	ok(t, err)
	t.Cleanup(func() { ok(t, st.Close()) })
	return st
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func TestNumbersOnTheWire(t *testing.T) {
	for in, want := range map[string]float64{
		`1`: 1, `1.5`: 1.5, `"2.5"`: 2.5, `1e-3`: 0.001, `"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1),
		`0.1`: 0.1, `-0.0`: math.Copysign(0, -1), `123456789012345680000`: 123456789012345680000,
	} {
		var f wireFloat
		if err := json.Unmarshal([]byte(in), &f); err != nil || math.Float64bits(float64(f)) != math.Float64bits(want) {
			t.Errorf("%s: %v, %v", in, f, err)
			continue
		}
		out, err := json.Marshal(exactReal(f))
		ok(t, err)
		var again wireFloat
		if err := json.Unmarshal(out, &again); err != nil || math.Float64bits(float64(again)) != math.Float64bits(want) {
			t.Errorf("%s is written as %s", in, out)
		}
	}
	for in, want := range map[float64]string{1: "1.0", 0.25: "0.25", 1e16: "1e+16", 1e-5: "1e-05", 0: "0.0", 123456: "123456.0", math.Inf(1): "1.7976931348623157e+308", math.Inf(-1): "-1.7976931348623157e+308"} {
		if out, _ := json.Marshal(wireFloat(in)); string(out) != want { // as Python's json.dumps
			t.Errorf("%v is written as %s, want %s", in, out, want)
		}
	}
	for _, in := range []string{`"inf"`, `"nan"`, `"0x1p3"`, `true`, `"1_0"`, `""`, `[]`, `{}`, `1e999`} {
		var f wireFloat
		if err := json.Unmarshal([]byte(in), &f); err == nil {
			t.Errorf("%s was taken for %v", in, f)
		}
	}
	for in, want := range map[string]int64{`5`: 5, `"5"`: 5, `-7`: -7, `5.0`: 5, `1e3`: 1000, `9223372036854775807`: math.MaxInt64, `"-9223372036854775808"`: math.MinInt64} {
		var n wireInt
		if err := json.Unmarshal([]byte(in), &n); err != nil || int64(n) != want {
			t.Errorf("%s: %d, %v", in, n, err)
		}
	}
	for _, in := range []string{`1.5`, `"x"`, `true`, `"NaN"`, `1e30`, `9223372036854775808`} {
		var n wireInt
		if err := json.Unmarshal([]byte(in), &n); err == nil {
			t.Errorf("%s was taken for %d", in, n)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("runs/log-batch", []byte(`{"run_id":"x","metrics":[{"key":"a","value":"NaN","timestamp":"5","step":1.0}],"tags":[{"key":"a"}]}`))
	f.Add("runs/create", []byte(`{"experiment_id":"0","start_time":1e3,"tags":[]}`))
	f.Add("runs/update", []byte(`{"run_uuid":"x","status":3,"end_time":null}`))
	f.Add("runs/log-inputs", []byte(`{"run_id":"x","datasets":[{"dataset":{"name":"d","digest":"1"}}]}`))
	st := newStore(f)
	h := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}})
	f.Fuzz(func(t *testing.T, path string, b []byte) {
		w := httptest.NewRecorder()
		r := &http.Request{Method: http.MethodPost, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b)), ContentLength: int64(len(b))}
		r = r.WithContext(t.Context())
		r.URL = mustURL("/api/2.0/mlflow/" + path)
		h.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var e struct {
			Code string `json:"error_code"`
		}
		if json.Unmarshal(w.Body.Bytes(), &e); w.Code != 200 && e.Code == "" {
			t.Fatalf("%d without a code: %s", w.Code, w.Body)
		}
	})
}
