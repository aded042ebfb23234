package train

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

func granted() context.Context {
	return backends.WithGrant(context.Background(), backends.Grant{Actor: "test", Role: backends.Operator})
}

// config is a task's with some fields set.
func config(t testing.TB, task string, set ...string) Config {
	t.Helper()
	c, err := New(task)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(set); i += 2 {
		if err := c.Set(set[i], set[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	return c
}

func train(t *testing.T, cfg Config) (*memory, string) {
	t.Helper()
	var out bytes.Buffer
	m := &memory{}
	if err := Run(granted(), cfg, m, &out); err != nil {
		t.Fatal(err)
	}
	if m.status != backends.RunFinished {
		t.Fatalf("status %s", m.status)
	}
	return m, out.String()
}

func TestDefaultsLearn(t *testing.T) {
	for _, c := range []struct {
		task      string
		val, test float64
		classes   int
	}{{"digits", 0.97, 0.96, 10}, {"sentiment", 0.95, 0.95, 2}} {
		m, out := train(t, config(t, c.task))
		if best := slices.Max(m.values("val_acc")); best < c.val {
			t.Errorf("%s: best val_acc %.4f", c.task, best)
		}
		if acc := m.values("test/accuracy")[0]; acc < c.test {
			t.Errorf("%s: test accuracy %.4f", c.task, acc)
		}
		if n := len(m.values("val_loss")); strconv.Itoa(n) != m.param("epochs") {
			t.Errorf("%s: %d epochs logged of %s", c.task, n, m.param("epochs"))
		}
		if !strings.Contains(out, "epoch  3/") || !strings.Contains(out, "val_acc 0.9") {
			t.Errorf("%s printed\n%s", c.task, out)
		}
		checkReport(t, m, c.classes)
		if len(m.inputs) != 1 || !strings.HasPrefix(m.inputs[0].Digest, "sha256:") || m.inputs[0].Context != "training" {
			t.Errorf("%s: inputs %+v", c.task, m.inputs)
		}
	}
}

// checkReport holds the artifacts against the metrics and each other.
func checkReport(t *testing.T, m *memory, classes int) {
	t.Helper()
	var r Report
	if err := json.Unmarshal(m.artifacts["eval/report.json"], &r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(m.artifacts["eval/confusion.csv"])).ReadAll()
	if err != nil || len(rows) != classes+1 {
		t.Fatalf("confusion.csv: %d rows, %v", len(rows), err)
	}
	total, right := 0, 0
	for i, row := range rows[1:] {
		support := 0
		for k, cell := range row[1:] {
			n, err := strconv.Atoi(cell)
			if err != nil || n != r.Confusion[i][k] {
				t.Fatalf("cell %d, %d is %q: %v", i, k, cell, err)
			}
			support += n
			if i == k {
				right += n
			}
		}
		if support != r.Classes[i].Support || support == 0 {
			t.Errorf("class %s: %d samples, the report has %d", row[0], support, r.Classes[i].Support)
		}
		if recall := float64(r.Confusion[i][i]) / float64(support); m.values("test/recall_" + row[0])[0] != recall || r.Classes[i].Recall != recall {
			t.Errorf("recall of %s is not %f", row[0], recall)
		}
		p, q := r.Classes[i].Precision, r.Classes[i].Recall
		if f1 := m.values("test/f1_" + row[0])[0]; math.Abs(f1-2*p*q/(p+q)) > 1e-12 {
			t.Errorf("f1 of %s is %f with precision %f and recall %f", row[0], f1, p, q)
		}
		total += support
	}
	if acc := float64(right) / float64(total); acc != r.Accuracy || acc != m.values("test/accuracy")[0] {
		t.Errorf("accuracy %f, the report has %f", acc, r.Accuracy)
	}
}

func TestTheSameSeedGivesTheSameBits(t *testing.T) {
	for _, task := range Tasks() {
		a, _ := train(t, config(t, task, "epochs", "3"))
		b, _ := train(t, config(t, task, "epochs", "3"))
		other, _ := train(t, config(t, task, "epochs", "3", "seed", "12"))
		if !sameBits(a, b) {
			t.Errorf("%s: two runs differ", task)
		}
		if sameBits(a, other) {
			t.Errorf("%s: another seed gives the same", task)
		}
	}
}

// sameBits compares weights and metrics, not times.
func sameBits(a, b *memory) bool {
	if !bytes.Equal(a.artifacts["model/model.safetensors"], b.artifacts["model/model.safetensors"]) || len(a.metrics) != len(b.metrics) {
		return false
	}
	for i := range a.metrics {
		x, y := a.metrics[i], b.metrics[i]
		if x.Key != y.Key || x.Step != y.Step || math.Float64bits(x.Value) != math.Float64bits(y.Value) {
			return false
		}
	}
	return true
}

// The bits themselves are kept, so that a change of compiler, processor or code
// that moves one is seen.
func TestBitsAreThoseOfEveryMachine(t *testing.T) {
	for task, want := range map[string]uint64{"digits": 0x3fc46a28869a2911, "sentiment": 0x3fda77b69b9cc7ef} {
		m, _ := train(t, config(t, task, "epochs", "2"))
		losses := m.values("val_loss")
		if got := math.Float64bits(losses[len(losses)-1]); got != want {
			t.Errorf("%s: val_loss has the bits %#x, not %#x", task, got, want)
		}
	}
}

func TestResumeIsBitIdentical(t *testing.T) {
	for _, set := range [][]string{{"digits"}, {"digits", "optimizer", "adam", "lr", "0.003"}, {"sentiment"}, {"sentiment", "optimizer", "adam", "lr", "0.01"}} {
		task, set := set[0], set[1:]
		straight, _ := train(t, config(t, task, append(set, "epochs", "10")...))

		dir := t.TempDir()
		first, _ := train(t, config(t, task, append(set, "epochs", "5", "dir", dir)...))
		second, out := train(t, config(t, task, append(set, "epochs", "10", "dir", dir, "resume", "true")...))
		if !bytes.Equal(straight.artifacts["model/model.safetensors"], second.artifacts["model/model.safetensors"]) {
			t.Errorf("%s %v: weights differ", task, set)
		}
		if !slices.Equal(straight.values("val_loss"), append(first.values("val_loss"), second.values("val_loss")...)) {
			t.Errorf("%s %v: losses differ", task, set)
		}
		if second.resumed != "" || !strings.Contains(out, "resumed after 5 of 10 epochs") {
			t.Errorf("%s %v: a run of other epochs goes on as %q\n%s", task, set, second.resumed, out)
		}
	}
}

func TestStoppedAnywhereAndResumedIsBitIdentical(t *testing.T) {
	straight, _ := train(t, config(t, "digits", "epochs", "4", "schedule", "cosine"))
	for _, stopAt := range []int64{1, 17, 40, 41, 150} { // 40 steps are an epoch
		cfg := config(t, "digits", "epochs", "4", "schedule", "cosine")
		ctx, cancel := context.WithCancel(granted())
		m := &memory{}
		tr := &trainer{cfg: cfg, out: io.Discard, rec: &recorder{sink: m, out: io.Discard, now: time.Now}}
		tr.rec.now = func() time.Time {
			if tr.at.steps == stopAt {
				cancel()
			}
			return time.Now()
		}
		if err := tr.run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("stop at %d: %v", stopAt, err)
		}
		cancel()
		if err := tr.rec.flush(granted()); err != nil {
			t.Fatal(err)
		}
		cfg.Resume = true
		if err := Run(granted(), cfg, m, io.Discard); err != nil {
			t.Fatal(err)
		}
		if m.resumed == "" || len(m.params) != len(cfg.params()) {
			t.Errorf("stop at %d: resumed %q, %d params", stopAt, m.resumed, len(m.params))
		}
		if !sameBits(straight, m) {
			t.Errorf("stop at %d: differs", stopAt)
		}
	}
}

func TestStoppedRunIsKilledAndSaysWhere(t *testing.T) {
	ctx, cancel := context.WithCancel(granted())
	m := &memory{onMetrics: cancel}
	cfg := config(t, "digits", "epochs", "100000")
	err := Run(ctx, cfg, m, io.Discard)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "resumable") || m.status != backends.RunKilled {
		t.Fatalf("status %s, %v", m.status, err)
	}
	cp, err := readCheckpoint(cfg.Dir)
	if err != nil || cp.run != m.run || int(cp.at.steps) != len(m.values("loss")) {
		t.Errorf("checkpoint %+v, %d losses, %v", cp.at, len(m.values("loss")), err)
	}
}

func TestThrottleWaitsAndEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cfg := config(t, "sentiment", "epochs", "5", "throttle", "10s", "dir", dir)
		if err := Run(granted(), cfg, nil, io.Discard); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("took %v", took)
		}
		ctx, cancel := context.WithTimeout(granted(), 15*time.Second)
		defer cancel()
		if err := Run(ctx, cfg, nil, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestDivergedRunLogsItAndFinishes(t *testing.T) {
	cfg := config(t, "digits", "lr", "3")
	m, out := train(t, cfg)
	losses := m.values("loss")
	if last := losses[len(losses)-1]; finite(last) {
		t.Fatalf("the last loss is %v", last)
	}
	for _, l := range losses[:len(losses)-1] {
		if !finite(l) {
			t.Fatal("went on after a loss that is not finite")
		}
	}
	val := m.values("val_loss")
	if finite(val[len(val)-1]) || !strings.Contains(out, "diverged") || len(m.artifacts) != 0 {
		t.Errorf("val_loss %v, %d artifacts\n%s", val, len(m.artifacts), out)
	}
	if len(val) < 30 {
		return
	}
	t.Error("trained to the end")
}

func TestDivergedRunContinuesWhenAsked(t *testing.T) {
	m, _ := train(t, config(t, "digits", "lr", "3", "epochs", "3", "on-nan", "continue"))
	if n := len(m.values("val_loss")); n != 3 || !json.Valid(m.artifacts["eval/report.json"]) {
		t.Errorf("%d epochs, report %s", n, m.artifacts["eval/report.json"])
	}
}

func TestWhatCannotBeTrainedFailsTheRun(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"batch", "0", "batch must be at least 1, not 0"},
		{"epochs", "-3", "epochs must be at least 1, not -3"},
		{"lr", "0", "lr must be at least 1e-09, not 0"},
		{"lr", "NaN", "lr must be at least 1e-09, not NaN"},
		{"momentum", "1", "momentum must be at most 0.999, not 1"},
		{"width", "1000000", "width must be at most 4096, not 1000000"},
	} {
		m := &memory{}
		err := Run(granted(), config(t, "digits", c.name, c.value), m, io.Discard)
		if err == nil || err.Error() != c.want || m.status != backends.RunFailed || m.param(c.name) != c.value {
			t.Errorf("%s %s: %v, status %s, param %q", c.name, c.value, err, m.status, m.param(c.name))
		}
	}
}

func TestSetRefusesWhatIsOfAnotherKind(t *testing.T) {
	c := config(t, "digits")
	for _, s := range [][3]string{
		{"batch", "many", `batch "many" is not a whole number`},
		{"lr", "x", `lr "x" is not a number`},
		{"optimizer", "lion", `optimizer is sgd or adam, not "lion"`},
		{"throttle", "5", `throttle "5" is not a duration like 500ms`},
		{"resume", "maybe", `resume "maybe" is not true or false`},
		{"ngrams", "2", "digits has no ngrams: it has epochs, lr, batch, width, depth, l2, optimizer, momentum, schedule, seed, split-seed, on-nan, throttle, resume, dir, name"},
	} {
		if err := c.Set(s[0], s[1]); err == nil || err.Error() != s[2] {
			t.Errorf("%s %s: %v", s[0], s[1], err)
		}
	}
	if _, err := New("cats"); err == nil {
		t.Error("a task that does not exist")
	}
}

func TestFieldsRoundTrip(t *testing.T) {
	for _, task := range Tasks() {
		c := config(t, task, "dir", "x")
		for _, f := range Params(task) {
			if f.Name != "dir" && c.Value(f.Name) != f.Default {
				t.Errorf("%s: default %q became %q", f.Name, f.Default, c.Value(f.Name))
			}
			if f.Help == "" {
				t.Errorf("%s has no help", f.Name)
			}
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", task, err)
		}
	}
}

func TestNothingIsWrittenWithoutAGrant(t *testing.T) {
	cfg := config(t, "sentiment")
	var denied *backends.DeniedError
	if err := Run(context.Background(), cfg, nil, io.Discard); !errors.As(err, &denied) || denied.Transport != "file" {
		t.Fatalf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Dir, "*")); len(left) != 0 {
		t.Errorf("wrote %v", left)
	}
}

func TestAFailingSinkCostsNoPoint(t *testing.T) {
	good, _ := train(t, config(t, "sentiment"))
	m := &memory{fail: 1}
	if err := Run(granted(), config(t, "sentiment"), m, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !sameBits(good, m) {
		t.Error("points are missing")
	}
	dead := &memory{fail: math.MaxInt}
	if err := Run(granted(), config(t, "sentiment"), dead, io.Discard); err == nil || !strings.Contains(err.Error(), "endpoint is away") {
		t.Errorf("points were lost silently: %v", err)
	}
}

func TestResumeRefusals(t *testing.T) {
	dir := t.TempDir()
	run := func(set ...string) string {
		err := Run(granted(), config(t, "sentiment", append(set, "dir", dir, "resume", "true")...), &memory{}, io.Discard)
		if err == nil {
			return ""
		}
		return err.Error()
	}
	if got := run(); !strings.Contains(got, "nothing to resume") {
		t.Errorf("without a checkpoint: %s", got)
	}
	train(t, config(t, "sentiment", "epochs", "2", "dir", dir))
	if got := run("epochs", "2", "lr", "0.7"); got != "cannot resume: the checkpoint was trained with lr 0.3, not 0.7" {
		t.Errorf("with another rate: %s", got)
	}
	if got := run("epochs", "3", "schedule", "cosine"); !strings.Contains(got, "cannot resume") {
		t.Errorf("with another schedule: %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, checkpointName), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(); !strings.Contains(got, "read checkpoint") {
		t.Errorf("with a broken one: %s", got)
	}
}
