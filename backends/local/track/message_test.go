package track

import (
	"encoding/json"
	"strings"
	"testing"

	"flightdeck/backends"
)

// What each of these answers was asked of MLflow 3.17.2.
func TestRequestsOfWrongTypes(t *testing.T) {
	h := Handler(newStore(t), Options{Grant: backends.Grant{Role: backends.Operator}})
	_, made := ask(h, "POST", api2+"runs/create", `{"experiment_id":" 0 ","start_time":1}`)
	var run struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			}
		}
	}
	ok(t, json.Unmarshal([]byte(made), &run))
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"runs/log-metric", `{"run_id":"$","key":"a","value":NaN,"timestamp":1}`, 200, "{}"},
		{"runs/log-metric", `{"run_id":NaN,"key":"a","value":1,"timestamp":1}`, 400, "Invalid value NaN for parameter 'run_id' supplied: Hint: Value was of type 'float'."},
		{"runs/log-metric", `{"run_id":"$","key":"a","value":true,"timestamp":true,"step":"x"}`, 400, `Invalid value \"x\" for parameter 'step'`},
		{"runs/log-metric", `{"run_id":"$","runId":"$","key":"a","value":1,"timestamp":1}`, 400, "Request specifies both 'run_id' and 'runId'; provide only one of them."},
		{"runs/log-metric", `{"runId":"$","key":"a","value":1,"timestamp":1}`, 400, "Missing value for required parameter 'run_id'."},
		{"runs/log-batch", `{"run_id":"$","metrics":[{"key":5,"value":1,"timestamp":1}]}`, 400, `Invalid value \"\" for parameter 'metrics[0].name'`},
		{"runs/log-batch", `{"run_id":"$","params":[{"key":"\ud800","value":"1"}]}`, 400, `Invalid value \"\" for parameter 'params[0].key'`},
		{"experiments/create", `{"name":"a","tags":["x"]}`, 400, `Invalid value \"\" for parameter 'key'`},
		{"runs/update", `{"run_id":"$","status":"3","run_name":"` + strings.Repeat("x", 300) + `"}`, 200, `"status":"FINISHED"`},
		{"runs/update", `{"run_id":"$","status":"UNHEARD","end_time":7}`, 200, `"end_time":7`},
		{"runs/search", `{"max_results":"60000"}`, 400, `Invalid value \"60000\" for parameter 'max_results' supplied: Hint: Value was of type 'str'.`},
	} {
		status, body := ask(h, "POST", api2+c.path, strings.ReplaceAll(c.body, "$", run.Run.Info.ID))
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %.90s: %d %.300s", c.path, c.body, status, body)
		}
	}
}

func FuzzReadPython(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0,1.5e3,NaN,-Infinity],"a":"\ud83d\ude00\ud800"}`, `[`, `"\u12"`, "\xef\xbb\xbf{}", `01`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, ok := readPython(b)
		if json.Valid(b) && !ok && strings.Count(string(b), "[")+strings.Count(string(b), "{") < deepest && json.Unmarshal(b, new(any)) == nil {
			t.Errorf("%q is JSON, and was not read", b)
		}
		if plain := v.appendPlain(nil); ok && !json.Valid(plain) {
			t.Errorf("%q became %q", b, plain)
		}
	})
}
