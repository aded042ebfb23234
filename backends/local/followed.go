package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// followed is who logs which metric of a job's runs. A program that logs loss to
// its endpoint, prints it and writes it into an event file has said it three times:
// what it logs itself counts, and of a key that the run has from there nothing that
// was found elsewhere is taken.
//
// The keys that followers brought are noted in the job's folder. A supervisor that
// was restarted knows by it which of a run's metrics it may go on with, and drops
// what the one before it has sent: followers read everything again then, and the
// times of lines and of files without times may be others.
type followed struct {
	mu   sync.Mutex
	path string // of the note
	ours map[string]map[string]*trace
	api  map[string]map[string]bool
}

// trace is how far a followed metric has come.
type trace struct {
	by  string          // who found it; another's points are dropped
	old backends.Points // that an earlier supervisor sent and that may come again
	at  int             // of old

	asked bool // noted by an earlier supervisor: what it has sent is to be looked up
}

// followedFile lists, a line of JSON each, the keys that followers brought.
const followedFile = "followed.jsonl"

type followedNote struct {
	Run  string   `json:"run"`
	By   string   `json:"by"`
	Keys []string `json:"keys"`
}

// newFollowed reads the notes of the job, and of the one that it goes on from.
func newFollowed(j *backends.Job) *followed {
	f := &followed{path: filepath.Join(j.Dir, followedFile), ours: map[string]map[string]*trace{}, api: map[string]map[string]bool{}}
	f.load(f.path)
	if j.Spec.Resume != "" {
		f.load(filepath.Join(filepath.Dir(j.Dir), filepath.Base(j.Spec.Resume), followedFile))
	}
	return f
}

func (f *followed) load(path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var n followedNote
		if json.Unmarshal(s.Bytes(), &n) != nil {
			continue // torn by a kill: those keys count as the child's own
		}
		for _, k := range n.Keys {
			put(f.ours, n.Run, k, &trace{by: n.By, asked: true})
		}
	}
}

func put[T any](m map[string]map[string]T, run, key string, v T) {
	if m[run] == nil {
		m[run] = map[string]T{}
	}
	m[run][key] = v
}

// logged is told what the child logs itself, before it is written.
func (f *followed) logged(run string, ms []backends.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range ms {
		if k := ms[i].Key; !f.api[run][k] {
			put(f.api, run, strings.Clone(k), true)
		}
	}
}

// admit is the points among those that a follower found which the run is to have.
func (f *followed) admit(ctx context.Context, st *store.Store, run, by string, ms []backends.Metric) ([]backends.Metric, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var known *backends.Run
	var fresh []string
	out := make([]backends.Metric, 0, len(ms))
	for _, m := range ms {
		m.Key, m.Time = cleanKey(m.Key), max(m.Time, 0)
		t := f.ours[run][m.Key]
		if f.api[run][m.Key] || t != nil && t.by != by {
			continue
		}
		if t == nil || t.asked {
			if known == nil {
				var err error
				if known, err = st.Run(ctx, run); err != nil {
					return nil, err
				}
			}
			_, has := known.Metric(m.Key)
			if has && t == nil {
				put(f.api, run, m.Key, true)
				continue
			}
			if t == nil {
				fresh = append(fresh, m.Key)
				t = &trace{by: by}
				put(f.ours, run, m.Key, t)
			}
			if has {
				var err error
				if t.old, err = st.Points(ctx, run, m.Key); err != nil {
					return nil, err
				}
			}
			t.asked = false
		}
		if !t.again(m) {
			out = append(out, m)
		}
	}
	return out, f.note(ctx, run, by, fresh)
}

// again says that the point was sent by an earlier supervisor: what comes is the
// same sequence from its beginning.
func (t *trace) again(m backends.Metric) bool {
	if t.at < t.old.Len() && t.old.Step[t.at] == m.Step && math.Float64bits(t.old.Value[t.at]) == math.Float64bits(m.Value) {
		t.at++
		return true
	}
	t.old, t.at = backends.Points{}, 0
	return false
}

// note writes down that keys are followed.
func (f *followed) note(ctx context.Context, run, by string, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := backends.Check(ctx, "file", "note which metrics are followed"); err != nil {
		return err
	}
	b, err := json.Marshal(followedNote{run, by, keys})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.Write(append(b, '\n'))
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		for _, k := range keys { // so that they are noted before anything of them is logged
			delete(f.ours[run], k)
		}
		return fmt.Errorf("note which metrics are followed: %w", err)
	}
	return nil
}

// cleanKey makes a key that the store takes of one that some program made up.
func cleanKey(key string) string {
	key = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("/_.- :", r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(key, "_"))
	key = strings.TrimLeft(path.Clean("/"+key), "/")
	if r := []rune(key); len(r) > 250 {
		key = strings.TrimRight(string(r[:250]), "/")
	}
	if key == "" || strings.HasPrefix(key, "..") {
		key = "_" + key
	}
	return key
}
