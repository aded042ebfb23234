package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Version is the server's own word for its version: "3.17.2".
func (c *Client) Version(ctx context.Context) (string, error) {
	var v string
	err := c.do(ctx, request{method: http.MethodGet, path: "/version", read: true, take: func(r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(r, 100))
		v = strings.TrimSpace(string(b))
		return err
	}})
	return v, err
}

// pages calls one until there is no further page.
func pages(one func(token string) (next string, err error)) error {
	seen := map[string]bool{}
	for token := ""; ; {
		next, err := one(token)
		if err != nil || next == "" {
			return err
		}
		if seen[next] { // a server that goes in circles would keep us for ever
			return fmt.Errorf("page token %.40q came twice", next)
		}
		seen[next] = true
		token = next
	}
}

// View chooses by life cycle, in MLflow's words.
type View string

// The views.
const (
	Active  View = "ACTIVE_ONLY"
	Deleted View = "DELETED_ONLY"
	All     View = "ALL"
)

// Experiments is all experiments of that view.
func (c *Client) Experiments(ctx context.Context, v View) ([]Experiment, error) {
	var all []Experiment
	err := pages(func(token string) (string, error) {
		var a struct {
			Experiments []Experiment `json:"experiments"`
			Next        string       `json:"next_page_token"`
		}
		in := map[string]any{"max_results": 1000, "view_type": v}
		if token != "" {
			in["page_token"] = token
		}
		err := c.ask(ctx, "experiments/search", in, &a)
		all = append(all, a.Experiments...)
		return a.Next, err
	})
	return all, err
}

// Search is what runs/search asks for.
type Search struct {
	Experiments []string `json:"experiment_ids"`
	Filter      string   `json:"filter,omitempty"`
	View        View     `json:"run_view_type"`
	Max         int      `json:"max_results"`
	Order       []string `json:"order_by,omitempty"`
	Token       string   `json:"page_token,omitempty"`
}

// SearchRuns is one page of runs. When a page is too big for its runs are, it is
// asked for in smaller ones: the page may be shorter than Max.
func (c *Client) SearchRuns(ctx context.Context, s Search) (runs []Run, next string, err error) {
	for {
		var a struct {
			Runs []Run  `json:"runs"`
			Next string `json:"next_page_token"`
		}
		err = c.ask(ctx, "runs/search", s, &a)
		if errors.Is(err, errTooBig) && s.Max > 1 {
			s.Max = max(1, s.Max/4)
			continue
		}
		return a.Runs, a.Next, err
	}
}

// Run is one run.
func (c *Client) Run(ctx context.Context, id string) (*Run, error) {
	var a struct {
		Run Run `json:"run"`
	}
	err := c.get(ctx, "runs/get", url.Values{"run_id": {id}}, &a)
	return &a.Run, err
}

// historyPage is the most points of one page that a server gives.
const historyPage = 25000

// History reads the points of a metric from a page token on, calling add with each
// page. A server of 2.x gives all at once, unordered, and answers a token with a 500,
// so that one of ours is tried once only; those of 3.x order by time, step and value.
func (c *Client) History(ctx context.Context, run, key, token string, add func(backends.Points)) error {
	return pages(func(next string) (string, error) {
		q := url.Values{"run_id": {run}, "metric_key": {key}, "max_results": {strconv.Itoa(historyPage)}}
		if next == "" {
			next = token
		}
		if next != "" {
			q.Set("page_token", next)
		}
		var h history
		err := c.do(ctx, request{method: http.MethodGet, path: api + "metrics/get-history?" + q.Encode(), read: true, once: next != "" && next == token, take: func(r io.Reader) error {
			h = history{}
			return h.decode(r)
		}})
		if err == nil {
			add(h.points)
		}
		return h.next, err
	})
}

// history decodes one answer without holding its text: a server that does not page
// may send a million points.
type history struct {
	points backends.Points
	next   string
}

func (h *history) decode(r io.Reader) error {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return badJSON(t, err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return badJSON(key, err)
		}
		switch key {
		case "metrics":
			err = h.metrics(d)
		case "next_page_token":
			err = d.Decode(&h.next)
		default:
			var skip json.RawMessage
			err = d.Decode(&skip)
		}
		if err != nil {
			return badJSON(key, err)
		}
	}
	_, err := d.Token()
	return err
}

func (h *history) metrics(d *json.Decoder) error {
	switch t, err := d.Token(); {
	case err == nil && t == nil: // null
		return nil
	case err != nil || t != json.Delim('['):
		return badJSON(t, err)
	}
	for d.More() {
		var m Metric
		if err := d.Decode(&m); err != nil {
			return err
		}
		h.points.Step = append(h.points.Step, int64(m.Step))
		h.points.Time = append(h.points.Time, int64(m.Time))
		h.points.Value = append(h.points.Value, entity.Stored(float64(m.Value)))
	}
	_, err := d.Token()
	return err
}

// badJSON tells an answer of another program from a connection that broke.
func badJSON(at json.Token, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return &notMLflow{fmt.Appendf(nil, "%q", at), errors.New("it is not a JSON object")}
	case errors.As(err, &syntax) && !errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &kind):
		return &notMLflow{fmt.Appendf(nil, "%q", at), err}
	}
	return err
}

// maxFolders bounds how many folders one listing of artifacts asks about.
const maxFolders = 2000

// Artifacts is the files of a run in all its folders. Sizes are the server's;
// digests and times it does not know.
func (c *Client) Artifacts(ctx context.Context, run string) ([]backends.Artifact, error) {
	var out []backends.Artifact
	for folders, asked := []string{""}, 0; len(folders) > 0; asked++ {
		if asked == maxFolders {
			return nil, fmt.Errorf("artifacts of run %s: more than %d folders", run, maxFolders)
		}
		dir := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		err := pages(func(token string) (string, error) {
			var a struct {
				Files []struct {
					Path string `json:"path"`
					Dir  bool   `json:"is_dir"`
					Size Int    `json:"file_size"`
				} `json:"files"`
				Next string `json:"next_page_token"`
			}
			q := url.Values{"run_id": {run}}
			if dir != "" {
				q.Set("path", dir)
			}
			if token != "" {
				q.Set("page_token", token)
			}
			err := c.get(ctx, "artifacts/list", q, &a)
			for _, f := range a.Files {
				switch {
				case f.Path != path.Clean(f.Path) || path.IsAbs(f.Path) || strings.HasPrefix(f.Path, "..") || f.Path == dir: // hostile
				case f.Dir:
					folders = append(folders, f.Path)
				default:
					out = append(out, backends.Artifact{Path: f.Path, Size: int64(f.Size)})
				}
			}
			return a.Next, err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b backends.Artifact) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(out, func(a, b backends.Artifact) bool { return a.Path == b.Path }), nil
}

// OpenArtifact streams a file of a run. The caller closes it.
func (c *Client) OpenArtifact(ctx context.Context, run, name string) (io.ReadCloser, error) {
	// The server itself fetches it from wherever its artifacts lie; its UI does so too.
	p := "/get-artifact?" + url.Values{"run_uuid": {run}, "path": {name}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+p, nil)
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", name, err)
	}
	tried := "GET " + c.base.String() + "/get-artifact"
	c.sign(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(tried, c.base, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	err = c.refused(tried, resp)
	if resp.StatusCode == http.StatusNotFound || Code(err) == DoesNotExist || resp.StatusCode == http.StatusInternalServerError {
		// 500 is what some versions say of a file that is not there: ask the listing
		if files, listErr := c.Artifacts(ctx, run); listErr != nil {
			return nil, fmt.Errorf("artifact %s: %w", name, listErr)
		} else if !slices.ContainsFunc(files, func(a backends.Artifact) bool { return a.Path == name }) {
			return nil, fmt.Errorf("artifact %s of run %s: %w", name, run, backends.ErrNotFound)
		}
	}
	return nil, err
}

// Models is the registered models by name, with their versions, newest first.
func (c *Client) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	var models []model
	err := pages(func(token string) (string, error) {
		var a struct {
			Models []model `json:"registered_models"`
			Next   string  `json:"next_page_token"`
		}
		q := url.Values{"max_results": {"100"}}
		if token != "" {
			q.Set("page_token", token)
		}
		err := c.get(ctx, "registered-models/search", q, &a)
		models = append(models, a.Models...)
		return a.Next, err
	})
	if Code(err) == NoEndpoint { // a server that keeps runs only
		return nil, nil
	}
	if err != nil || len(models) == 0 {
		return nil, err
	}
	versions, err := c.versions(ctx)
	if err != nil {
		return nil, err
	}
	var out []backends.RegisteredModel
	for _, m := range models {
		r := backends.RegisteredModel{Name: m.Name, Description: m.Description, Created: moment(m.Created), Updated: moment(m.Updated), Tags: m.Tags}
		by := map[string][]string{}
		for _, a := range m.Aliases {
			if r.Aliases == nil {
				r.Aliases = map[string]string{}
			}
			r.Aliases[a.Alias] = a.Version
			by[a.Version] = append(by[a.Version], a.Alias)
		}
		for _, v := range versions[m.Name] {
			slices.Sort(by[v.Version])
			r.Versions = append(r.Versions, backends.ModelVersion{
				Model: m.Name, Version: v.Version, Description: v.Description, Run: v.Run, Source: entity.SourcePath(v.Source, v.Run),
				Created: moment(v.Created), Updated: moment(v.Updated), Stage: v.Stage, RunLink: v.RunLink, Logged: v.Logged, Tags: v.Tags, Aliases: by[v.Version],
			})
		}
		entity.SortVersions(r.Versions)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b backends.RegisteredModel) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (c *Client) versions(ctx context.Context) (map[string][]version, error) {
	out := map[string][]version{}
	err := pages(func(token string) (string, error) {
		var a struct {
			Versions []version `json:"model_versions"`
			Next     string    `json:"next_page_token"`
		}
		q := url.Values{"max_results": {"10000"}}
		if token != "" {
			q.Set("page_token", token)
		}
		err := c.get(ctx, "model-versions/search", q, &a)
		for _, v := range a.Versions {
			out[v.Name] = append(out[v.Name], v)
		}
		return a.Next, err
	})
	return out, err
}
