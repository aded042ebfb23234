package track

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// Client logs to a tracking endpoint, ours or MLflow's. It may be copied and used
// from any goroutine. Every call is tried again while the endpoint is away, for as
// long as Patience says: a job's supervisor that was killed is back in seconds, and
// a training must not notice. Calls may therefore reach the endpoint twice, which
// changes nothing there.
type Client struct {
	URL      string // "http://127.0.0.1:41234"
	Token    string
	Patience time.Duration // 0 is a minute
	HTTP     *http.Client  // nil is http.DefaultClient
}

// NewRun is a run to make.
type NewRun struct {
	Experiment string // its name; made when it does not exist; "" is Default
	Name       string // "" lets the endpoint choose
	User       string
	Start      time.Time // now when zero
	Parent     string    // the id of the run that it is nested in
	Tags       []backends.Tag
}

// Update changes a run; what is zero stays.
type Update struct {
	Status backends.RunStatus
	End    time.Time
	Name   string
}

// CreateRun makes a run and returns its id.
func (c Client) CreateRun(ctx context.Context, nr NewRun) (id string, err error) {
	exp := "0"
	if nr.Experiment != "" {
		if exp, err = c.experiment(ctx, nr.Experiment); err != nil {
			return "", err
		}
	}
	if nr.Start.IsZero() {
		nr.Start = time.Now()
	}
	tags := append([]backends.Tag(nil), nr.Tags...)
	if nr.Parent != "" {
		tags = append(tags, backends.Tag{Key: backends.TagParent, Value: nr.Parent})
	}
	var answer runAnswer
	err = c.call(ctx, http.MethodPost, "runs/create", map[string]any{
		"experiment_id": exp, "run_name": nr.Name, "user_id": nr.User, "start_time": nr.Start.UnixMilli(), "tags": tags,
		"run_id": newID(), // so that asking twice makes one
	}, &answer)
	return answer.Run.Info.ID, err
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// experiment is the id of the experiment of that name, made if need be. Another
// client may make it at the same moment.
func (c Client) experiment(ctx context.Context, name string) (string, error) {
	var got experimentAnswer
	path := "experiments/get-by-name?experiment_name=" + url.QueryEscape(name)
	err := c.call(ctx, http.MethodGet, path, nil, &got)
	if !isCode(err, store.DoesNotExist) {
		return got.Experiment.ID, err
	}
	var made struct {
		ID string `json:"experiment_id"`
	}
	err = c.call(ctx, http.MethodPost, "experiments/create", map[string]any{"name": name}, &made)
	if isCode(err, store.AlreadyExists) {
		err = c.call(ctx, http.MethodGet, path, nil, &got)
		return got.Experiment.ID, err
	}
	return made.ID, err
}

// runAnswer is what the client reads of a run.
type runAnswer struct {
	Run struct {
		Info struct {
			ID         string             `json:"run_id"`
			Experiment string             `json:"experiment_id"`
			Status     backends.RunStatus `json:"status"`
		} `json:"info"`
	} `json:"run"`
}

// lastMetric is a point as it is sent: in full, an infinity too.
type lastMetric struct {
	Key   string    `json:"key"`
	Value exactReal `json:"value"`
	Time  int64     `json:"timestamp"`
	Step  int64     `json:"step"`
}

// Run is the run's experiment and status.
func (c Client) Run(ctx context.Context, id string) (experiment string, status backends.RunStatus, err error) {
	var got runAnswer
	err = c.call(ctx, http.MethodGet, "runs/get?run_id="+url.QueryEscape(id), nil, &got)
	return got.Run.Info.Experiment, got.Run.Info.Status, err
}

// LogBatch logs points, in requests of at most a thousand.
func (c Client) LogBatch(ctx context.Context, run string, points []backends.Metric) error {
	for len(points) > 0 {
		n := min(len(points), maxMetrics)
		batch := make([]lastMetric, n)
		for i, m := range points[:n] {
			batch[i] = lastMetric{m.Key, exactReal(m.Value), m.Time, m.Step}
		}
		if err := c.call(ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": run, "metrics": batch}, nil); err != nil {
			return err
		}
		points = points[n:]
	}
	return nil
}

// LogParams logs params, in requests of at most a hundred.
func (c Client) LogParams(ctx context.Context, run string, params []backends.Param) error {
	return logPairs(ctx, c, run, "params", params)
}

// SetTags sets tags, in requests of at most a hundred.
func (c Client) SetTags(ctx context.Context, run string, tags []backends.Tag) error {
	return logPairs(ctx, c, run, "tags", tags)
}

func logPairs[P backends.Param | backends.Tag](ctx context.Context, c Client, run, field string, ps []P) error {
	for len(ps) > 0 {
		n := min(len(ps), maxPairs)
		if err := c.call(ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": run, field: ps[:n]}, nil); err != nil {
			return err
		}
		ps = ps[n:]
	}
	return nil
}

// LogInputs logs the data sets that the run reads.
func (c Client) LogInputs(ctx context.Context, run string, data []backends.Dataset) error {
	var ins []datasetInput
	for _, d := range data {
		in := datasetInput{Tags: d.Tags, Dataset: wireDataset{d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile}}
		if d.Context != "" {
			in.Tags = append([]backends.Tag{{Key: tagContext, Value: d.Context}}, d.Tags...)
		}
		ins = append(ins, in)
	}
	return c.call(ctx, http.MethodPost, "runs/log-inputs", map[string]any{"run_id": run, "datasets": ins}, nil)
}

// UpdateRun changes a run's status, end or name.
func (c Client) UpdateRun(ctx context.Context, run string, up Update) error {
	body := map[string]any{"run_id": run}
	if up.Status != "" {
		body["status"] = up.Status
	}
	switch {
	case !up.End.IsZero():
		body["end_time"] = up.End.UnixMilli()
	case up.Status == backends.RunRunning: // it goes on: the API ends nothing by itself, and begins nothing again
		body["end_time"] = 0
	case up.Status != "" && up.Status != backends.RunScheduled:
		body["end_time"] = time.Now().UnixMilli()
	}
	if up.Name != "" {
		body["run_name"] = up.Name
	}
	return c.call(ctx, http.MethodPost, "runs/update", body, nil)
}

// PutArtifact stores a file of a run.
func (c Client) PutArtifact(ctx context.Context, experiment, run, path string, content []byte) error {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	at := "/api/2.0/mlflow-artifacts/artifacts/" + experiment + "/" + run + "/artifacts/" + strings.Join(parts, "/")
	return c.send(ctx, http.MethodPut, at, "application/octet-stream", content, nil)
}

// Error is what the endpoint answered instead of 200.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

// RunDeleted reports whether it was refused because somebody deleted the run, as
// MLflow says it (mlflow/store/tracking/sqlalchemy_store.py, _check_run_is_active).
func (e *Error) RunDeleted() bool {
	return e.Code == store.InvalidParameter && strings.HasSuffix(e.Message, "must be in the 'active' state. Current state is deleted.")
}

func isCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

func (c Client) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return c.send(ctx, method, "/api/2.0/mlflow/"+path, "application/json", body, out)
}

const (
	firstPause = 50 * time.Millisecond
	longest    = 2 * time.Second
	oneTry     = 30 * time.Second // for an endpoint that takes the request and says nothing
)

// send tries until it is answered, or until Patience or ctx ends. What changes
// something needs a grant.
func (c Client) send(ctx context.Context, method, path, kind string, body []byte, out any) error {
	if method != http.MethodGet {
		if err := backends.Check(ctx, "http", method+" "+path); err != nil {
			return err
		}
	}
	patience := c.Patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the tracking endpoint %s did not answer for %s", c.URL, patience))
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longest) {
		again, err := c.try(ctx, method, path, kind, body, out)
		if err == nil {
			return nil
		}
		if !again {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("%s %s: %w (last: %w)", method, path, context.Cause(ctx), err)
		}
	}
}

// try sends once. again is whether another try may do better: no connection, one
// that broke, or an answer that says so.
func (c Client) try(ctx context.Context, method, path, kind string, body []byte, out any) (again bool, err error) {
	one, cancel := context.WithTimeout(ctx, oneTry)
	defer cancel()
	r, err := http.NewRequestWithContext(one, method, strings.TrimSuffix(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	resp, err := h.Do(r)
	if err != nil {
		return true, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	switch {
	case err != nil:
		return true, err
	case resp.StatusCode == http.StatusOK:
		if out == nil {
			return false, nil
		}
		return false, json.Unmarshal(answer, out)
	}
	e := &Error{Status: resp.StatusCode}
	if json.Unmarshal(answer, e) != nil || e.Code == "" {
		e.Code, e.Message = http.StatusText(resp.StatusCode), strings.TrimSpace(string(answer[:min(len(answer), 200)]))
	}
	return retryable(resp.StatusCode), e
}

// retryable are the answers after which MLflow's own clients try again.
func retryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
