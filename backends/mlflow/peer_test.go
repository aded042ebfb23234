package mlflow

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/backends/mlflow/recorded"
	"flightdeck/backends/mlflow/rest"
)

// peer is a server that answers what MLflow's answered, with changes on top. What it
// says of runs, points, files and models is the recorded text itself.
type peer struct {
	*httptest.Server
	paged bool // histories come in pages, as 3.x gives them

	mu       sync.Mutex
	asked    []string // method and path, and the filter of a search
	exps     []map[string]any
	runs     []map[string]any
	history  map[string][]any
	files    map[string]map[string]any
	models   []map[string]any
	versions []any
	broken   func(w http.ResponseWriter, r *http.Request) bool // true: it answered
}

type object = map[string]any

func newPeer(t testing.TB, version string) *peer {
	t.Helper()
	p := &peer{paged: version[0] == '3', history: map[string][]any{}}
	var doc struct {
		Experiments []object          `json:"experiments"`
		Runs        []object          `json:"runs"`
		History     map[string][]any  `json:"history"`
		Artifacts   map[string]object `json:"artifacts"`
		Models      []object          `json:"models"`
		Versions    []any             `json:"versions"`
	}
	d := json.NewDecoder(strings.NewReader(string(recorded.File(t, version+"-wire.json.gz"))))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	p.exps, p.runs, p.history, p.files, p.models, p.versions = doc.Experiments, doc.Runs, doc.History, doc.Artifacts, doc.Models, doc.Versions
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// refusal is an error in MLflow's words.
type refusal struct {
	status        int
	code, message string
}

func missing(what, id string) refusal {
	return refusal{404, rest.DoesNotExist, what + " '" + id + "' not found"}
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := object{}
	for k, v := range r.URL.Query() {
		in[k] = v[0]
	}
	if r.Body != nil {
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		_ = d.Decode(&in) // an empty body is no object
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/")
	filter, _ := in["filter"].(string)
	p.asked = append(p.asked, strings.TrimSpace(r.Method+" "+path+" "+filter))
	if p.broken != nil && p.broken(w, r) {
		return
	}
	if path == "/get-artifact" {
		p.artifact(w, in)
		return
	}
	answer, bad := p.answer(r.Method+" "+path, in)
	if bad != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(bad.status)
		answer = object{"error_code": bad.code, "message": bad.message}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(b)
}

func text(in object, key string) string {
	s, _ := in[key].(string)
	return s
}

func (p *peer) answer(call string, in object) (any, *refusal) {
	run := p.run(text(in, "run_id"))
	if strings.Contains(call, " runs/") && !strings.HasSuffix(call, "search") && run == nil {
		bad := missing("Run", text(in, "run_id"))
		return nil, &bad
	}
	switch call {
	case "POST experiments/search":
		out := []object{}
		for _, e := range p.exps {
			if in["view_type"] == "ALL" || e["lifecycle_stage"] == "active" {
				out = append(out, e)
			}
		}
		return object{"experiments": out}, nil
	case "POST runs/search":
		return p.search(in)
	case "GET runs/get":
		return object{"run": run}, nil
	case "POST runs/update":
		info(run)["run_name"] = in["run_name"]
		setTag(run, "mlflow.runName", text(in, "run_name"))
	case "POST runs/set-tag":
		setTag(run, text(in, "key"), text(in, "value"))
	case "POST runs/delete-tag":
		setTag(run, text(in, "key"), nil)
	case "POST runs/delete":
		info(run)["lifecycle_stage"] = "deleted"
	case "POST runs/restore":
		info(run)["lifecycle_stage"] = "active"
	case "GET metrics/get-history":
		return p.points(in)
	case "GET artifacts/list":
		return p.files[text(in, "run_id")+" "+text(in, "path")], nil
	case "GET registered-models/search":
		return object{"registered_models": p.models}, nil
	case "GET model-versions/search":
		return object{"model_versions": p.versions}, nil
	case "POST registered-models/alias", "DELETE registered-models/alias":
		p.alias(in)
	default:
		return nil, &refusal{404, rest.NoEndpoint, call}
	}
	return object{}, nil
}

func info(run object) object { return run["info"].(object) }

func (p *peer) run(id string) object {
	i := slices.IndexFunc(p.runs, func(r object) bool { return info(r)["run_id"] == id })
	if i < 0 {
		return nil
	}
	return p.runs[i]
}

// setTag sets a tag in a copy of the run's tags; nil removes it.
func setTag(run object, key string, value any) {
	data := run["data"].(object)
	tags, _ := data["tags"].([]any)
	tags = slices.DeleteFunc(slices.Clone(tags), func(t any) bool { return t.(object)["key"] == key })
	if value != nil {
		tags = append(tags, object{"key": key, "value": value})
	}
	data["tags"] = tags
}

func (p *peer) alias(in object) {
	for _, m := range p.models {
		if m["name"] != in["name"] {
			continue
		}
		as, _ := m["aliases"].([]any)
		as = slices.DeleteFunc(slices.Clone(as), func(a any) bool { return a.(object)["alias"] == in["alias"] })
		if v := text(in, "version"); v != "" {
			as = append(as, object{"alias": in["alias"], "version": v})
		}
		m["aliases"] = as
	}
}

func number(v any) int64 {
	n, _ := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	return n
}

func (p *peer) search(in object) (any, *refusal) {
	ids := in["experiment_ids"].([]any)
	var found []object
	for _, r := range p.runs {
		i := info(r)
		if !slices.Contains(ids, i["experiment_id"]) || in["run_view_type"] != "ALL" && (in["run_view_type"] == "DELETED_ONLY") != (i["lifecycle_stage"] == "deleted") {
			continue
		}
		switch f := text(in, "filter"); {
		case f == "":
		case strings.HasPrefix(f, "attributes.status = '"):
			if i["status"] != strings.Trim(f[len("attributes.status = "):], "'") {
				continue
			}
		default:
			field, least, ok := strings.Cut(strings.TrimPrefix(f, "attributes."), " > ")
			if !ok || field != "start_time" && field != "end_time" {
				return nil, &refusal{400, rest.InvalidParameter, "Invalid filter " + f}
			}
			if number(i[field]) <= number(least) {
				continue
			}
		}
		found = append(found, r)
	}
	slices.SortStableFunc(found, func(a, b object) int { return int(number(info(b)["start_time"]) - number(info(a)["start_time"])) })
	rows, next, bad := cut(found, in)
	return object{"runs": rows, "next_page_token": next}, bad
}

func cut[T any](all []T, in object) (rows []T, next string, bad *refusal) {
	from := 0
	if t := text(in, "page_token"); t != "" {
		b, err := base64.StdEncoding.DecodeString(t)
		var at struct{ Offset int }
		if err != nil || json.Unmarshal(b, &at) != nil {
			return nil, "", &refusal{400, rest.InvalidParameter, "Invalid page token"}
		}
		from = at.Offset
	}
	from = min(from, len(all))
	most := int(number(in["max_results"]))
	rows = all[from:]
	if most > 0 && len(rows) > most {
		rows, next = rows[:most], token(from+most)
	}
	return rows, next, nil
}

func (p *peer) points(in object) (any, *refusal) {
	all := p.history[text(in, "run_id")+" "+text(in, "metric_key")]
	if !p.paged {
		if text(in, "page_token") != "" {
			return nil, &refusal{500, "INTERNAL_ERROR", "The SQLAlchemyStore backend does not support pagination"}
		}
		return object{"metrics": all}, nil
	}
	rows, next, bad := cut(all, in)
	return object{"metrics": rows, "next_page_token": next}, bad
}

// artifact gives as many bytes as the recorded listing says.
func (p *peer) artifact(w http.ResponseWriter, in object) {
	dir, _ := "", ""
	if i := strings.LastIndexByte(text(in, "path"), '/'); i >= 0 {
		dir = text(in, "path")[:i]
	}
	files, _ := p.files[text(in, "run_uuid")+" "+dir]["files"].([]any)
	for _, f := range files {
		if f.(object)["path"] == in["path"] {
			_, _ = w.Write(make([]byte, number(f.(object)["file_size"])))
			return
		}
	}
	http.Error(w, "Internal Server Error", http.StatusInternalServerError)
}

// server is the backend over the peer.
func (p *peer) server(t testing.TB) *Server {
	t.Helper()
	c, err := rest.New(rest.Options{URL: p.URL, Timeout: 5 * time.Second, Retries: 3, FirstPause: time.Millisecond, Longest: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer("lab", c)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// took is what was asked since the last time.
func (p *peer) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.asked
	p.asked = nil
	return a
}

// add makes n finished runs, started one after the other from a moment on.
func (p *peer) add(n int, from time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range n {
		at := json.Number(fmt.Sprint(from.UnixMilli() + int64(i)))
		p.runs = append(p.runs, object{
			"info": object{"run_id": fmt.Sprintf("%032x", len(p.runs)+1), "run_name": "r", "experiment_id": "1", "status": "FINISHED", "start_time": at, "end_time": at, "lifecycle_stage": "active"},
			"data": object{},
		})
	}
}
