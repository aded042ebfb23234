package dataserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"flightdeck/backends"
)

// client speaks gRPC as TensorBoard's does: HTTP/2 without TLS.
type client struct {
	t    *testing.T
	http *http.Client
	url  string
}

// serve serves for the length of a test.
func serve(t *testing.T, o Options) client {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.loadOnce(t.Context())
	ctx, stop := context.WithCancel(context.Background())
	l, err := Listen(ctx, "127.0.0.1", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	return client{t, &http.Client{Transport: tr}, "http://" + l.Addr().String() + service}
}

// call is the messages of an answer, joined, and the status.
func (c client) call(method string, request []byte) (answers [][]byte, status, says string) {
	c.t.Helper()
	var body bytes.Buffer
	_ = send(&body, request)
	q, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+method, &body)
	if err != nil {
		c.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/grpc")
	q.Header.Set("Te", "trailers")
	r, err := c.http.Do(q)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for len(all) > 0 {
		n := binary.BigEndian.Uint32(all[1:])
		answers = append(answers, all[5:5+n])
		all = all[5+n:]
	}
	return answers, r.Trailer.Get("Grpc-Status"), r.Trailer.Get("Grpc-Message")
}

// ok is the one answer of a call that must work.
func (c client) ok(method string, request []byte) []byte {
	c.t.Helper()
	a, status, says := c.call(method, request)
	if status != "0" || len(a) != 1 {
		c.t.Fatalf("%s: status %s %s, %d messages", method, status, says, len(a))
	}
	return a[0]
}

// ask is a request about a plugin.
func ask(plugin string, points int64) []byte {
	var name, q, thin encoded
	name.text(1, plugin)
	q.bytes(2, name)
	thin.number(1, points)
	q.bytes(4, thin)
	return q
}

// tree is a message by field number, for tests that know what it holds.
type tree map[protowire.Number][]leaf

type leaf struct {
	bytes []byte
	n     uint64
}

func parse(t *testing.T, b []byte) tree {
	t.Helper()
	out := tree{}
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		b = b[max(n, 0):]
		var l leaf
		switch kind {
		case protowire.BytesType:
			l.bytes, n = protowire.ConsumeBytes(b)
		case protowire.Fixed64Type:
			l.n, n = protowire.ConsumeFixed64(b)
		default:
			l.n, n = protowire.ConsumeVarint(b)
		}
		if n < 0 {
			t.Fatal("no message")
		}
		out[num] = append(out[num], l)
		b = b[n:]
	}
	return out
}

func (x tree) one(num protowire.Number) leaf {
	if len(x[num]) == 0 {
		return leaf{}
	}
	return x[num][len(x[num])-1]
}

// eachTag calls f with what an answer holds of each tag.
func eachTag(t *testing.T, answer []byte, f func(run, tag string, data tree)) {
	t.Helper()
	for _, r := range parse(t, answer)[1] {
		entry := parse(t, r.bytes)
		for _, x := range entry[2] {
			one := parse(t, x.bytes)
			f(string(entry.one(1).bytes), string(one.one(1).bytes), parse(t, one.one(2).bytes))
		}
	}
}

// answered is one series of an answer.
type answered struct {
	MaxStep int64      `json:"max_step"`
	MaxWall float64    `json:"max_wall"`
	Class   uint64     `json:"class"`
	Content string     `json:"content"`
	Display string     `json:"display"`
	Longest uint64     `json:"longest"`
	Steps   []int64    `json:"steps"`
	Walls   []float64  `json:"walls"`
	Values  []string   `json:"values,omitempty"`
	Blobs   [][]string `json:"blobs,omitempty"`
}

type everything struct {
	Runs    map[string]float64
	Plugins []string
	Series  map[string]answered
}

// asked asks for everything, as testdata/record.py does.
func (c client) asked() everything {
	c.t.Helper()
	out := everything{Runs: map[string]float64{}, Series: map[string]answered{}}
	for _, r := range parse(c.t, c.ok("ListRuns", nil))[1] {
		one := parse(c.t, r.bytes)
		out.Runs[string(one.one(2).bytes)] = math.Float64frombits(one.one(3).n)
	}
	for _, p := range parse(c.t, c.ok("ListPlugins", nil))[1] {
		out.Plugins = append(out.Plugins, string(parse(c.t, p.bytes).one(1).bytes))
	}
	for _, plugin := range out.Plugins {
		for _, kind := range []string{"Scalars", "Tensors", "BlobSequences"} {
			name := func(run, tag string) string { return kind + " " + plugin + " " + run + " " + tag }
			eachTag(c.t, c.ok("List"+kind, ask(plugin, 0)), func(run, tag string, d tree) {
				a := answered{MaxStep: int64(d.one(1).n), MaxWall: math.Float64frombits(d.one(2).n)}
				md := d.one(3).bytes
				if kind == "BlobSequences" {
					a.Longest, md = d.one(3).n, d.one(4).bytes
				}
				m := parse(c.t, md)
				a.Class, a.Display = m.one(4).n, string(m.one(2).bytes)
				a.Content = hex.EncodeToString(parse(c.t, m.one(1).bytes).one(2).bytes)
				out.Series[name(run, tag)] = a
			})
			eachTag(c.t, c.ok("Read"+kind, ask(plugin, 1000)), func(run, tag string, d tree) {
				a := out.Series[name(run, tag)]
				c.columns(&a, kind, d)
				out.Series[name(run, tag)] = a
			})
		}
	}
	return out
}

func (c client) columns(a *answered, kind string, d tree) {
	c.t.Helper()
	for b := d.one(1).bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		a.Steps = append(a.Steps, int64(v))
		b = b[n:]
	}
	for b := d.one(2).bytes; len(b) > 0; b = b[8:] {
		a.Walls = append(a.Walls, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	switch kind {
	case "Scalars":
		for b := d.one(3).bytes; len(b) > 0; b = b[4:] {
			a.Values = append(a.Values, python(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
	case "BlobSequences":
		for _, v := range d[3] {
			list := []string{}
			for _, ref := range parse(c.t, v.bytes)[1] {
				h := sha256.New()
				parts, status, says := c.call("ReadBlob", parse(c.t, ref.bytes).one(1).asField())
				if status != "0" {
					c.t.Errorf("blob: %s %s", status, says)
				}
				for _, p := range parts {
					h.Write(parse(c.t, p).one(1).bytes)
				}
				list = append(list, hex.EncodeToString(h.Sum(nil)))
			}
			a.Blobs = append(a.Blobs, list)
		}
	}
}

func (l leaf) asField() []byte {
	var m encoded
	m.bytes(1, l.bytes)
	return m
}

// python spells a float32 as Python does a float: what record.py wrote.
func python(f float32) string {
	x := float64(f)
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(x, 'g', -1, 64)), "+")
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func sameNumber(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && (x == y || math.IsNaN(x) && math.IsNaN(y))
}

// TensorBoard's own server and ours say the same about every series. Ours differs in
// three cases: a second value at one step is a value; a session that starts anew
// forgets what came after its step, as TensorBoard's Python reader does; and scalars
// need not be float32.
func TestAnswersAsTheirServer(t *testing.T) {
	b, err := os.ReadFile("../testdata/served.json")
	if err != nil {
		t.Fatal(err)
	}
	var want everything
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	got := serve(t, Options{Logdir: "../testdata/runs"}).asked()
	if fmt.Sprint(got.Runs) != fmt.Sprint(want.Runs) || !slices.Equal(got.Plugins, want.Plugins) || len(got.Series) != len(want.Series)+9 || len(want.Series) < 30 {
		t.Errorf("runs %v, plugins %v, %d series; want\n%v %v %d", got.Runs, got.Plugins, len(got.Series), want.Runs, want.Plugins, len(want.Series))
	}
	compared := 0
	for name, w := range want.Series {
		g := got.Series[name]
		again := len(g.Steps) != len(slices.Compact(slices.Clone(g.Steps)))
		if name == "Scalars scalars purged other" || again {
			continue // by the two rules above; the values are compared in the parent package
		}
		compared++
		same := slices.EqualFunc(g.Values, w.Values, sameNumber)
		g.Values, w.Values = nil, nil
		if !same || fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
			t.Errorf("%s:\n%+v, want\n%+v", name, g, w)
		}
	}
	if compared < len(want.Series)-5 {
		t.Errorf("only %d of %d series were compared", compared, len(want.Series))
	}
}

func TestRefusals(t *testing.T) {
	c := serve(t, Options{Logdir: "../testdata/runs"})
	var noThin, filter encoded
	filter.text(1, "scalars")
	noThin.bytes(2, filter)
	var other encoded
	other.text(1, blobKey("torch", datum{}))
	var gone encoded
	gone.text(1, blobKey("no such run", datum{literal: []byte("x")}))
	for what, call := range map[string]struct {
		method string
		body   []byte
		status string
	}{
		"no plugin":          {"ListScalars", nil, "3"},
		"no downsample":      {"ReadScalars", noThin, "3"},
		"less than nothing":  {"ReadTensors", ask("hparams", -1), "3"},
		"no message":         {"ListRuns", []byte{0xff}, "3"},
		"a method":           {"WriteScalars", nil, "12"},
		"a key":              {"ReadBlob", []byte{0x0a, 1, '%'}, "3"},
		"another file":       {"ReadBlob", other, "3"},
		"a run that is gone": {"ReadBlob", gone, "5"},
	} {
		if a, status, says := c.call(call.method, call.body); status != call.status || len(a) > 0 || says == "" {
			t.Errorf("%s: status %s (%s), want %s", what, status, says, call.status)
		}
	}
	for name, place := range map[string]string{"up": "../runs/torch/x.tfevents", "absolute": "/etc/x.tfevents", "plain": "hparams.yaml"} {
		d := datum{}
		d.place.File, d.place.Length = place, 10
		if _, _, err := parseBlobKey(blobKey("torch", d)); err == nil {
			t.Errorf("%s: %s can be read", name, place)
		}
	}
	r, err := http.Get(strings.TrimSuffix(c.url, service))
	if err == nil {
		r.Body.Close()
		t.Error("HTTP/1 is answered")
	}
	if _, err := New(Options{Logdir: "gs://bucket/x"}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a bucket: %v", err)
	}
}

// A listener's port file needs a grant, as every file does.
func TestPortFileNeedsAGrant(t *testing.T) {
	path := t.TempDir() + "/port"
	if l, err := Listen(t.Context(), "127.0.0.1", 0, path); err == nil {
		l.Close()
		t.Error("it was written without one")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a port file")
	}
	ctx := backends.WithGrant(t.Context(), backends.Grant{Actor: "test", Role: backends.Operator})
	l, err := Listen(ctx, "127.0.0.1", 0, path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if b, err := os.ReadFile(path); err != nil || string(b) != port+"\n" {
		t.Errorf("%q (%v), want %s", b, err, port)
	}
}

func TestServeEnds(t *testing.T) {
	s, err := New(Options{Logdir: t.TempDir(), Reload: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	in, out := io.Pipe()
	ctx, cancel := UntilEnd(t.Context(), in)
	defer cancel()
	l, err := Listen(ctx, "127.0.0.1", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	out.Close() // the parent is gone
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on without its parent")
	}
}
