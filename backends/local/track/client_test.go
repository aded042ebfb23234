package track

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// granted is a context under which the client may write.
func granted(t *testing.T) context.Context {
	return backends.WithGrant(t.Context(), backends.Grant{Actor: "ada", Role: backends.Operator})
}

// A client without a grant sends nothing that changes anything, and still reads.
func TestClientNeedsAGrant(t *testing.T) {
	var got atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Add(1)
		_, _ = w.Write([]byte("{}"))
	}))
	defer srv.Close()
	c := Client{URL: srv.URL, Patience: time.Second}
	var denied *backends.DeniedError
	for what, err := range map[string]error{
		"a run": func() error { _, err := c.CreateRun(t.Context(), NewRun{}); return err }(), "a batch": c.LogBatch(t.Context(), "r", []backends.Metric{{Key: "k"}}),
		"a file": c.PutArtifact(t.Context(), "0", "r", "a", []byte("x")), "an update": c.UpdateRun(t.Context(), "r", Update{Name: "n"}),
	} {
		if !errors.As(err, &denied) || denied.Transport != "http" {
			t.Errorf("%s without a grant: %v", what, err)
		}
	}
	if got.Load() != 0 {
		t.Errorf("%d requests were sent without a grant", got.Load())
	}
	if _, _, err := c.Run(t.Context(), "r"); err != nil || got.Load() != 1 {
		t.Errorf("a read: %v, %d requests", err, got.Load())
	}
	if err := c.UpdateRun(granted(t), "r", Update{Name: "n"}); err != nil || got.Load() != 2 {
		t.Errorf("with a grant: %v, %d requests", err, got.Load())
	}
}

// TestSinkSurvivesItsEndpoint trains through an endpoint that is killed in between:
// connections are refused, then answered again at the same address.
func TestSinkSurvivesItsEndpoint(t *testing.T) {
	st := newStore(t)
	h := Handler(st, Options{Token: "s", Grant: backends.Grant{Role: backends.Operator}, Job: "j"})
	srv := httptest.NewServer(h)
	addr := srv.Listener.Addr().String()
	s := NewSink(Client{URL: srv.URL, Token: "s"}, SinkOptions{Experiment: "digits", User: "ada"})
	id, err := s.CreateRun(granted(t), "brisk-otter", "")
	ok(t, err)
	ok(t, s.Params(granted(t), []backends.Param{{Key: "lr", Value: "0.01"}}))
	log := func(step int64) error {
		return s.Metrics(granted(t), []backends.Metric{{Key: "loss", Value: 1 / float64(step), Step: step, Time: step}})
	}
	ok(t, log(1))
	srv.CloseClientConnections()
	srv.Close()
	done := make(chan error)
	go func() { done <- log(2) }()
	refused(t, addr)
	l, err := net.Listen("tcp", addr)
	ok(t, err)
	again := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	again.Start()
	defer again.Close()
	ok(t, <-done)
	ok(t, s.Metrics(granted(t), []backends.Metric{{Key: "nan", Value: math.NaN(), Time: 1}, {Key: "inf", Value: math.Inf(-1), Time: 1}}))
	ok(t, s.Tags(granted(t), []backends.Tag{{Key: "team", Value: "vision"}}))
	ok(t, s.Inputs(granted(t), []backends.Dataset{{Name: "digits", Digest: "abc", Context: "training"}}))
	ok(t, s.Artifact(granted(t), "model/w é.bin", []byte("weights")))
	ok(t, s.Finish(granted(t), backends.RunFinished))

	r, err := st.Run(granted(t), id)
	ok(t, err)
	m, _ := r.Metric("loss")
	nan, _ := r.Metric("nan")
	if r.ExpName != "digits" || r.Name != "brisk-otter" || r.User != "ada" || m.Step != 2 || !math.IsNaN(nan.Value) ||
		r.Status != backends.RunFinished || r.Tag("team") != "vision" || len(r.Inputs) != 1 || r.Inputs[0].Context != "training" || r.End.IsZero() {
		t.Fatalf("%+v", r)
	}
	as, err := st.Artifacts(granted(t), id)
	ok(t, err)
	if len(as) != 1 || as[0].Path != "model/w é.bin" {
		t.Fatalf("%+v", as)
	}
}

// refused waits until nothing listens at addr any more.
func refused(t *testing.T, addr string) {
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		c.Close()
	}
	t.Fatal("still answered")
}

func TestAnswersThatAreLost(t *testing.T) {
	st := newStore(t)
	h := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}})
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 { // carried out, and the connection breaks before the answer
			h.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	}))
	defer srv.Close()
	c := Client{URL: srv.URL}
	id, err := c.CreateRun(granted(t), NewRun{Experiment: "e", Name: "once"})
	ok(t, err)
	var ms []backends.Metric
	for i := range 2500 {
		ms = append(ms, backends.Metric{Key: "loss", Step: int64(i), Time: int64(i), Value: float64(i)})
	}
	ok(t, c.LogBatch(granted(t), id, ms))
	ok(t, c.LogParams(granted(t), id, []backends.Param{{Key: "lr", Value: "1"}}))
	ok(t, c.SetTags(granted(t), id, []backends.Tag{{Key: "a", Value: "1"}}))
	ok(t, c.UpdateRun(granted(t), id, Update{Status: backends.RunFinished, Name: "renamed"}))
	h2, err := st.History(granted(t), id, "loss")
	ok(t, err)
	runs, err := st.Runs(granted(t), backends.RunFilter{})
	ok(t, err)
	if len(runs) != 1 || runs[0].Name != "renamed" || h2.Len() != 2500 {
		t.Fatalf("%d runs, %d points", len(runs), h2.Len())
	}
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	var n atomic.Int64
	st := newStore(t)
	h := Handler(st, Options{Token: "s", Grant: backends.Grant{Role: backends.Operator}})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.Add(1); h.ServeHTTP(w, r) }))
	defer srv.Close()
	var e *Error
	if err := (Client{URL: srv.URL, Token: "wrong"}).SetTags(granted(t), "x", []backends.Tag{{Key: "a"}}); !errors.As(err, &e) || e.Status != 401 || n.Load() != 1 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
	if err := (Client{URL: srv.URL, Token: "s"}).SetTags(granted(t), "x", []backends.Tag{{Key: "a"}}); !isCode(err, store.DoesNotExist) || n.Load() != 2 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
}

func TestPatienceEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	url := "http://" + l.Addr().String()
	ok(t, l.Close())
	err = Client{URL: url, Patience: 120 * time.Millisecond}.UpdateRun(granted(t), "x", Update{})
	if err == nil || !strings.Contains(err.Error(), "did not answer for 120ms") || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(granted(t))
	cancel()
	if err := (Client{URL: url}).UpdateRun(ctx, "x", Update{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSinkResumes(t *testing.T) {
	st := newStore(t)
	srv := httptest.NewServer(Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}}))
	defer srv.Close()
	old, err := st.CreateRun(operator(t), store.NewRun{Experiment: "digits"})
	ok(t, err)
	ok(t, st.UpdateRun(operator(t), old.ID, store.RunUpdate{Status: backends.RunKilled}))
	s := NewSink(Client{URL: srv.URL}, SinkOptions{Experiment: "other"})
	id, err := s.CreateRun(granted(t), "n", old.ID)
	ok(t, err)
	ok(t, s.Artifact(granted(t), "a", nil))
	if r, err := st.Run(granted(t), id); err != nil || id != old.ID || r.Status != backends.RunRunning || !r.End.IsZero() {
		t.Fatalf("%+v, %v", r, err)
	}
	ok(t, st.DeleteRuns(operator(t), []string{old.ID}))
	for what, err := range map[string]error{
		"params": s.Params(granted(t), []backends.Param{{Key: "a", Value: "b"}}), "metrics": s.Metrics(granted(t), []backends.Metric{{Key: "a"}}),
		"tags": s.Tags(granted(t), []backends.Tag{{Key: "a"}}), "inputs": s.Inputs(granted(t), []backends.Dataset{{Name: "a", Digest: "b"}}),
		"artifact": s.Artifact(granted(t), "b", nil), "end": s.Finish(granted(t), backends.RunFinished),
	} {
		var e *Error
		if !errors.As(err, &e) || !e.RunDeleted() {
			t.Errorf("the %s of a deleted run: %v", what, err)
		}
	}
	if id, err = s.CreateRun(granted(t), "n", old.ID); err != nil || id == old.ID {
		t.Fatalf("a deleted run was gone on with: %s, %v", id, err)
	}
}

func BenchmarkLogBatch1000(b *testing.B) {
	st := newStore(b)
	srv := httptest.NewServer(Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}}))
	defer srv.Close()
	c := Client{URL: srv.URL}
	id, err := c.CreateRun(b.Context(), NewRun{})
	ok(b, err)
	ms := make([]backends.Metric, 1000)
	step := int64(0)
	b.ResetTimer()
	for range b.N {
		for i := range ms {
			step++
			ms[i] = backends.Metric{Key: fmt.Sprint("m", i%10), Step: step, Time: 1_795_440_000_000 + step, Value: math.Sin(float64(step))}
		}
		ok(b, c.LogBatch(b.Context(), id, ms))
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "points/s")
}
