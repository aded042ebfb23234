package tensorboard

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

// sink keeps what a Reader tells, as the engine of backends/folder does.
type sink struct {
	info    folder.Info
	params  map[string]string
	tags    map[string]string
	points  map[string]backends.Points
	hists   map[string][]backends.Histogram
	media   map[backends.MediaKind]map[string][]backends.MediaItem
	trouble []error
}

func newSink() *sink {
	return &sink{params: map[string]string{}, tags: map[string]string{}, points: map[string]backends.Points{}, hists: map[string][]backends.Histogram{}, media: map[backends.MediaKind]map[string][]backends.MediaItem{}}
}

func (s *sink) Info(i folder.Info) { s.info = i }
func (s *sink) Params(ps ...backends.Param) {
	for _, p := range ps {
		s.params[p.Key] = p.Value
	}
}

func (s *sink) Tags(ts ...backends.Tag) {
	for _, t := range ts {
		s.tags[t.Key] = t.Value
	}
}

func (s *sink) Points(key string, p backends.Points) {
	q := s.points[key]
	s.points[key] = backends.Points{Step: append(q.Step, p.Step...), Time: append(q.Time, p.Time...), Value: append(q.Value, p.Value...)}
}

func (s *sink) Rewind(step int64) {
	for key := range s.points {
		s.RewindKey(key, step)
	}
}

func (s *sink) RewindKey(key string, step int64) {
	p, q := s.points[key], backends.Points{}
	for i := range p.Step {
		if p.Step[i] < step {
			q = backends.Points{Step: append(q.Step, p.Step[i]), Time: append(q.Time, p.Time[i]), Value: append(q.Value, p.Value[i])}
		}
	}
	s.points[key] = q
}
func (s *sink) Forget() { *s = *newSink() }
func (s *sink) Histograms(key string, h ...backends.Histogram) {
	s.hists[key] = append(s.hists[key], h...)
}

func (s *sink) Media(kind backends.MediaKind, key string, items ...backends.MediaItem) {
	if s.media[kind] == nil {
		s.media[kind] = map[string][]backends.MediaItem{}
	}
	s.media[kind][key] = append(s.media[kind][key], items...)
}
func (s *sink) Trouble(err error) { s.trouble = append(s.trouble, err) }

// number is a float64, or the words in which Python spells what JSON cannot.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	s := string(b)
	if q, err := strconv.Unquote(s); err == nil {
		s = q
	}
	f, err := strconv.ParseFloat(s, 64)
	*n = number(f)
	return err
}

// found is what TensorBoard's own readers found in a run: ../make.py wrote it.
type found struct {
	Scalars    map[string][][3]number // wall time, step, value
	Histograms map[string][][]json.RawMessage
	Images     map[string][][]any // step, width, height, digests
	Texts      map[string][][]any // step, texts
	Audio      map[string][][]any // step, digests
	HParams    map[string][2]string
	Start      float64
}

func expected(t *testing.T) map[string]found {
	t.Helper()
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]found
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func places(t *testing.T) map[string]folder.Place {
	t.Helper()
	out := map[string]folder.Place{}
	err := filepath.WalkDir("testdata/runs", func(dir string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		entries, err := os.ReadDir(dir)
		rel, _ := filepath.Rel("testdata/runs", dir)
		for _, p := range (Format{}).Places(dir, rel, entries) {
			out[p.ID] = p
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every run is read as TensorBoard reads it.
func TestReadsWhatTheirReaderReads(t *testing.T) {
	all, where := expected(t), places(t)
	if len(all) != len(where) || len(all) < 8 {
		t.Fatalf("%d runs expected, %d found", len(all), len(where))
	}
	for id, want := range all {
		t.Run(id, func(t *testing.T) {
			r, got := (Format{}).Open(where[id]), newSink()
			if err := r.Read(t.Context(), got); err != nil {
				t.Fatal(err)
			}
			if len(got.trouble) > 0 {
				t.Errorf("trouble: %v", got.trouble)
			}
			if ms := got.info.Start.UnixMilli(); id != "deep/failed" && ms != int64(math.Round(want.Start*1000)) {
				t.Errorf("it starts at %d, want %v", ms, want.Start)
			}
			sameScalars(t, got, want)
			sameHistograms(t, got, want)
			sameMedia(t, r.(*Reader), got, want)
			for key, v := range want.HParams {
				same := got.params[key] == v[1]
				if v[0] == "number_value" {
					a, err := strconv.ParseFloat(got.params[key], 64)
					b, err2 := strconv.ParseFloat(v[1], 64)
					if same = err == nil && err2 == nil && a == b; v[1] == "1.0" && got.params[key] == "True" {
						same = true
					}
				}
				if !same && v[0] != "list_value" && v[0] != "null_value" {
					t.Errorf("param %s is %q, want %q", key, got.params[key], v)
				}
			}
			if len(got.params) != len(want.HParams) {
				t.Errorf("%d params, want %d", len(got.params), len(want.HParams))
			}
		})
	}
}

func sameScalars(t *testing.T, got *sink, want found) {
	t.Helper()
	if len(got.points) != len(want.Scalars) {
		t.Errorf("%d metrics, want %d", len(got.points), len(want.Scalars))
	}
	for tag, rows := range want.Scalars {
		p := got.points[tag]
		if p.Len() != len(rows) {
			t.Errorf("%s: %d points, want %d", tag, p.Len(), len(rows))
			continue
		}
		for i, row := range rows {
			v := float64(row[2])
			if p.Step[i] != int64(row[1]) || p.Time[i] != int64(math.Round(float64(row[0])*1000)) || cmp.Compare(p.Value[i], v) != 0 {
				t.Errorf("%s point %d: step %d at %d is %v, want %v", tag, i, p.Step[i], p.Time[i], p.Value[i], row)
			}
		}
	}
}

func sameHistograms(t *testing.T, got *sink, want found) {
	t.Helper()
	if len(got.hists) != len(want.Histograms) {
		t.Errorf("%d histograms, want %d", len(got.hists), len(want.Histograms))
	}
	for tag, rows := range want.Histograms {
		if len(got.hists[tag]) != len(rows) {
			t.Errorf("%s: %d histograms, want %d", tag, len(got.hists[tag]), len(rows))
			continue
		}
		for i, row := range rows {
			var step int64
			var buckets [][3]float64
			if err := json.Unmarshal(row[0], &step); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(row[1], &buckets); err != nil {
				t.Fatal(err)
			}
			h := got.hists[tag][i]
			same := h.Step == step && len(h.Left) == len(buckets)
			for j := 0; same && j < len(buckets); j++ { // theirs is rounded to float32
				same = float32(h.Left[j]) == float32(buckets[j][0]) && float32(h.Right[j]) == float32(buckets[j][1]) && h.Count[j] == buckets[j][2]
			}
			if !same {
				t.Errorf("%s: %+v, want step %d %v", tag, h, step, buckets)
			}
		}
	}
}

func sameMedia(t *testing.T, r *Reader, got *sink, want found) {
	t.Helper()
	for _, c := range []struct {
		kind backends.MediaKind
		want map[string][][]any
		says func(backends.MediaItem, []byte) any
	}{
		{backends.MediaImage, want.Images, digest},
		{backends.MediaAudio, want.Audio, digest},
		{backends.MediaText, want.Texts, func(_ backends.MediaItem, b []byte) any { return string(b) }},
	} {
		if len(got.media[c.kind]) != len(c.want) {
			t.Errorf("%d keys of %s, want %d", len(got.media[c.kind]), c.kind, len(c.want))
		}
		for key, rows := range c.want {
			var have [][]any
			for _, item := range got.media[c.kind][key] {
				head := []any{float64(item.Step)}
				if c.kind == backends.MediaImage {
					head = append(head, float64(item.Width), float64(item.Height))
				}
				if item.Index == 0 {
					have = append(have, append(head, []any{}))
				}
				row := have[len(have)-1]
				row[len(row)-1] = append(row[len(row)-1].([]any), c.says(item, open(t, r, item)))
			}
			if !reflect.DeepEqual(have, rows) {
				t.Errorf("%s %s:\n%v, want\n%v", c.kind, key, have, rows)
			}
		}
	}
	for kind, mime := range map[backends.MediaKind]string{backends.MediaImage: "image/png", backends.MediaAudio: "audio/wav"} {
		for key, items := range got.media[kind] {
			if items[0].Type != mime {
				t.Errorf("%s is of type %q, want %q", key, items[0].Type, mime)
			}
		}
	}
}

func digest(_ backends.MediaItem, b []byte) any { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func open(t *testing.T, r *Reader, item backends.MediaItem) []byte {
	t.Helper()
	f, err := r.OpenMedia(context.Background(), item)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != item.Size {
		t.Fatalf("%d bytes of %d, %v", len(b), item.Size, err)
	}
	return b
}
