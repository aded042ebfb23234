package track

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
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

// exchange is one line of testdata/wire.jsonl.
type exchange struct {
	Method   string
	Path     string
	Kind     string `json:"request_type"`
	Request  body
	Status   int
	KindBack string `json:"response_type"`
	Response body
}

type body struct{ Text, B64 string }

func (b body) bytes(t *testing.T) []byte {
	if b.B64 == "" {
		return []byte(b.Text)
	}
	raw, err := base64.StdEncoding.DecodeString(b.B64)
	ok(t, err)
	return raw
}

// TestRecordedSession says again what an unmodified client said to MLflow 3.17.2
// and expects what that answered, but for ids and times.
func TestRecordedSession(t *testing.T) {
	st := newStore(t)
	h := Handler(st, Options{Grant: backends.Grant{Actor: "test", Role: backends.Operator}})
	f, err := os.Open("testdata/wire.jsonl")
	ok(t, err)
	defer f.Close()
	ids := strings.NewReplacer()
	var pairs []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var x exchange
		ok(t, json.Unmarshal(lines.Bytes(), &x))
		if elsewhere(t, st, ids, x) {
			continue
		}
		r := httptest.NewRequest(x.Method, ids.Replace(x.Path), bytes.NewReader([]byte(ids.Replace(string(x.Request.bytes(t))))))
		if x.Kind != "" {
			r.Header.Set("Content-Type", x.Kind)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if strings.HasSuffix(x.Path, "runs/create") {
			pairs = append(pairs, runID(t, []byte(x.Response.Text)), runID(t, w.Body.Bytes()))
			ids = strings.NewReplacer(pairs...)
		}
		n++
		if w.Code != x.Status || !strings.HasPrefix(w.Header().Get("Content-Type"), x.KindBack) {
			t.Errorf("%s %s: %d %s, want %d", x.Method, x.Path, w.Code, w.Body, x.Status)
			continue
		}
		if x.KindBack == "" {
			if w.Body.Len() > 0 {
				t.Errorf("%s %s: %s, want nothing", x.Method, x.Path, w.Body)
			}
			continue
		}
		got, want := canonical(t, w.Body.Bytes()), canonical(t, []byte(ids.Replace(x.Response.Text)))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s %.200s:\n got %s\nwant %s", x.Method, x.Path, x.Request.Text, show(got), show(want))
		}
	}
	ok(t, lines.Err())
	if n < 35 {
		t.Fatalf("only %d exchanges", n)
	}
}

// elsewhere does by the store what the session asked of endpoints that are not
// served here.
func elsewhere(t *testing.T, st *store.Store, ids *strings.Replacer, x exchange) bool {
	var in struct {
		Run string `json:"run_id"`
		Exp string `json:"experiment_id"`
		backends.Tag
	}
	_ = json.Unmarshal([]byte(ids.Replace(x.Request.Text)), &in)
	switch x.Path {
	case "/api/2.0/mlflow/experiments/set-experiment-tag":
		ok(t, st.SetExperimentTag(operator(t), in.Exp, in.Tag))
	case "/api/2.0/mlflow/runs/delete":
		ok(t, st.DeleteRuns(operator(t), []string{in.Run}))
	case "/api/2.0/mlflow/runs/restore":
		ok(t, st.RestoreRuns(operator(t), []string{in.Run}))
	default:
		return false
	}
	return true
}

func runID(t *testing.T, b []byte) string {
	var a runAnswer
	ok(t, json.Unmarshal(b, &a))
	return a.Run.Info.ID
}

// canonical drops what two servers may differ in: the order of lists, when things
// were made, our own tags; and MLflow's SQL store keeps an infinity as the greatest
// double.
func canonical(t *testing.T, b []byte) any {
	var v any
	ok(t, json.Unmarshal(b, &v))
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "creation_time")
			delete(v, "last_update_time")
			for k := range v {
				v[k] = walk(v[k])
				if k == "value" && v[k] == math.MaxFloat64 {
					v[k] = "Infinity"
				}
			}
			return v
		case []any:
			v = slices.DeleteFunc(v, func(e any) bool {
				m, isMap := e.(map[string]any)
				key, _ := m["key"].(string)
				return isMap && strings.HasPrefix(key, "flightdeck.")
			})
			for i := range v {
				v[i] = walk(v[i])
			}
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(show(a), show(b)) })
			return v
		}
		return v
	}
	return walk(v)
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
		out, err := json.Marshal(f)
		ok(t, err)
		var again wireFloat
		if err := json.Unmarshal(out, &again); err != nil || math.Float64bits(float64(again)) != math.Float64bits(want) {
			t.Errorf("%s is written as %s", in, out)
		}
	}
	for in, want := range map[float64]string{1: "1.0", 0.25: "0.25", 1e16: "1e+16", 1e-5: "1e-05", 0: "0.0", 123456: "123456.0"} {
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
