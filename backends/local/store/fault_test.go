package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"flightdeck/backends"
)

// filled makes a store with a bit of everything, closed, and returns its folder,
// its run and the loss of it.
func filled(t testing.TB) (dir, run string, loss backends.Points) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(dir, Options{})
	ok(t, err)
	run = newRun(t, s, NewRun{Name: "brisk-otter", Params: []backends.Param{{Key: "lr", Value: "0.01"}}}).ID
	for i := range 9 {
		ok(t, s.LogBatch(owner(t), run, series("loss", i*700, 700), nil, nil))
	}
	for range 30 {
		newRun(t, s, NewRun{Experiment: "more", Tags: []backends.Tag{{Key: "long", Value: strings.Repeat("x", 2000)}}})
	}
	put(t, s, run, "model.bin", "weights")
	loss = points(t, s, run, "loss")
	ok(t, s.Close())
	return dir, run, loss
}

func TestTruncatedStore(t *testing.T) {
	dir, _, _ := filled(t)
	whole := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "store.db")))
	for _, size := range []int{1, 50, 100, pageSize - 1, pageSize, 3 * pageSize, len(whole) / 2, len(whole) - 1, len(whole) - pageSize} {
		cut := whole[:size]
		ok(t, os.WriteFile(filepath.Join(dir, "store.db"), cut, 0o644))
		s, err := Open(dir, Options{})
		if err == nil {
			_, err = s.CreateRun(owner(t), NewRun{})
			ok(t, s.Close())
		}
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
		}
		for _, says := range []string{"store.db is damaged", "last written " + time.Now().Format("2006-01-02"), "move store.db", ".recover"} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("the message does not say %q: %v", says, err)
			}
		}
		if !bytes.Equal(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "store.db"))), cut) {
			t.Fatalf("%d bytes: the damaged file was changed", size)
		}
	}
}

// TestFlippedBits: whatever bit is wrong, nothing panics, a history that is given
// is right or the doctor says that it is not, and the file stays as it is.
func TestFlippedBits(t *testing.T) {
	dir, run, loss := filled(t)
	path := filepath.Join(dir, "store.db")
	whole := must[[]byte](t)(os.ReadFile(path))
	r := rand.New(rand.NewPCG(3, 3))
	refused, wrong := 0, 0
	for i := range 250 {
		bad := bytes.Clone(whole)
		at := r.IntN(len(bad))
		if i < 100 {
			at = i // the header and the schema's page
		}
		bad[at] ^= 1 << r.IntN(8)
		ok(t, os.WriteFile(path, bad, 0o644))
		s, err := Open(dir, Options{ReadOnly: true})
		if err != nil {
			refused++
			continue
		}
		h, err := s.History(t.Context(), run, "loss")
		_, listErr := s.Runs(t.Context(), backends.RunFilter{})
		problems, checkErr := s.Check(t.Context(), nil)
		switch {
		case err != nil || listErr != nil:
			refused++
		case !same(h.Points(), loss):
			wrong++
			if len(problems) == 0 && checkErr == nil {
				t.Errorf("byte %d: wrong points, and the doctor finds nothing", at)
			}
		}
		ok(t, s.Close())
		if !bytes.Equal(must[[]byte](t)(os.ReadFile(path)), bad) {
			t.Fatalf("byte %d: reading changed the file", at)
		}
	}
	t.Logf("of 250 flips %d were refused, %d gave fewer points and were found by the doctor", refused, wrong)
	if refused == 0 {
		t.Error("no flip was ever noticed")
	}
}

func TestFlippedBitInAChunk(t *testing.T) {
	dir, run, _ := filled(t)
	s := open(t, dir, Options{})
	other := newRun(t, s, NewRun{Name: "well"}).ID
	ok(t, s.LogBatch(owner(t), other, series("loss", 0, 3000), nil, nil))
	ok(t, s.write(owner(t), "damage", func(tx *tx) error {
		tx.touch(ofRuns)
		return errors.Join(
			tx.exec("UPDATE chunks SET data = CAST(substr(data, 1, 100) || x'ff' || substr(data, 102) AS BLOB) WHERE run = 1 AND first = 0"),
			tx.exec("UPDATE runs SET tags = CAST(substr(tags, 1, 9) || x'00' || substr(tags, 11) AS BLOB), rev = ? WHERE n = 1", tx.rev),
		)
	}))
	var damaged *DamagedError
	if _, err := s.History(t.Context(), run, "loss"); !errors.As(err, &damaged) || !strings.Contains(err.Error(), run) {
		t.Fatal(err)
	}
	if n := points(t, s, other, "loss").Len(); n != 3000 {
		t.Errorf("the other run has %d points", n)
	}
	if r := list(t, s, backends.RunFilter{Experiment: "0"}); len(r) != 2 || r[1].Tag(tagDamaged) == "" || len(r[1].Params) != 1 {
		t.Errorf("the listing must show the run, what is left of it, and that it is damaged: %+v", r[1])
	}
	problems := fmt.Sprint(must[[]Problem](t)(s.Check(t.Context(), nil)))
	if !strings.Contains(problems, "tags: checksum") || !strings.Contains(problems, "points 0 to 1399: checksum") {
		t.Error(problems)
	}
	if err := s.LogMetric(owner(t), run, backends.Metric{Key: "x"}); !errors.As(err, &damaged) {
		t.Errorf("a write over what cannot be read: %v", err)
	}
}

func TestFilesThatAreNotOurs(t *testing.T) {
	write := func(t *testing.T, pragmas ...string) string {
		dir := t.TempDir()
		c, err := sqlite.OpenConn(filepath.Join(dir, "store.db"), sqlite.OpenReadWrite|sqlite.OpenCreate)
		ok(t, err)
		for _, p := range pragmas {
			ok(t, sqlitex.ExecuteTransient(c, p, nil))
		}
		ok(t, c.Close())
		return dir
	}
	text := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(text, "store.db"), []byte(strings.Repeat("not a database\n", 1000)), 0o644))
	newer, _, _ := filled(t)
	c, err := sqlite.OpenConn(filepath.Join(newer, "store.db"), sqlite.OpenReadWrite)
	ok(t, err)
	ok(t, sqlitex.ExecuteTransient(c, "PRAGMA user_version=7", nil))
	ok(t, c.Close())
	for name, c := range map[string]struct{ dir, says string }{
		"another program's": {write(t, "CREATE TABLE t (x)", "PRAGMA user_version=1"), "another program"},
		"no version":        {write(t, "CREATE TABLE t (x)"), "another program"},
		"newer":             {newer, "schema 7 and this program knows up to 3"},
		"text":              {text, "is damaged"},
	} {
		before := must[[]byte](t)(os.ReadFile(filepath.Join(c.dir, "store.db")))
		s, err := Open(c.dir, Options{})
		if err == nil {
			ok(t, s.Close())
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(before, must[[]byte](t)(os.ReadFile(filepath.Join(c.dir, "store.db")))) {
			t.Errorf("%s: it was changed", name)
		}
	}
	dir := t.TempDir() // whose maker was killed at once
	ok(t, os.WriteFile(filepath.Join(dir, "store.db"), nil, 0o644))
	newRun(t, open(t, dir, Options{}), NewRun{})
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{maxPages: 60})
	run := newRun(t, s, NewRun{}).ID
	written := 0
	var err error
	for ; written < 200 && err == nil; written++ {
		err = s.LogBatch(owner(t), run, series("loss", written*1000, 1000), nil, nil)
	}
	written--
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "nothing was written") {
		t.Fatalf("after %d batches: %v", written, err)
	}
	other := open(t, dir, Options{}) // with room again
	if n := points(t, other, run, "loss").Len(); n != written*1000 {
		t.Fatalf("%d batches were acknowledged and %d points are there", written, n)
	}
	ok(t, other.LogBatch(owner(t), run, series("loss", written*1000, 1000), nil, nil))
	if n := points(t, s, run, "loss").Len(); n != (written+1)*1000 {
		t.Fatal(n)
	}
	sound(t, s)
}

// TestNetworkFileSystem reads a store that lies where SQLite's shared memory does
// not work, first with a log that is not folded in, then without.
func TestNetworkFileSystem(t *testing.T) {
	dir := t.TempDir()
	writer, err := Open(dir, Options{}) // on "another machine"
	ok(t, err)
	run := newRun(t, writer, NewRun{}).ID
	ok(t, writer.LogBatch(owner(t), run, series("loss", 0, 10), nil, nil))
	put(t, writer, run, "a", "hello")
	nfs := Options{Statfs: func(path string) (int64, error) {
		if path != dir {
			return 0, fmt.Errorf("asked for %s", path)
		}
		return 0x6969, nil
	}}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s, err := Open(dir, nfs)
	ok(t, err)
	ro, why := s.ReadOnly()
	if !ro || !strings.Contains(why, "NFS") {
		t.Fatal(ro, why)
	}
	if err := s.LogMetric(owner(t), run, backends.Metric{Key: "x"}); !errors.Is(err, backends.ErrReadOnly) || !strings.Contains(err.Error(), "NFS") {
		t.Fatal(err)
	}
	if _, err := s.PutArtifact(owner(t), run, "x", strings.NewReader("x")); !errors.Is(err, backends.ErrReadOnly) {
		t.Fatal(err)
	}
	equal(t, points(t, s, run, "loss").Len(), 10)
	equal(t, content(t, s, run, "a"), "hello")
	sound(t, s)
	ok(t, writer.LogBatch(owner(t), run, series("loss", 10, 10), nil, nil))
	ok(t, writer.Close())
	eventually(t, "what the other machine wrote", func() bool { return points(t, s, run, "loss").Len() == 20 })
	ok(t, s.Close())
	if left := must[[]os.DirEntry](t)(os.ReadDir(temp)); len(left) > 0 {
		t.Errorf("copies are left: %v", left)
	}
	for _, name := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		if strings.HasSuffix(name.Name(), "-shm") || strings.HasSuffix(name.Name(), "-wal") {
			t.Errorf("reading made %s", name.Name())
		}
	}
}

func TestFileSystems(t *testing.T) {
	for fs, want := range map[int64]bool{0x6969: true, 0x517b: true, int64(int32(-0xacb2be)): true, 0xff534d42: true, 0xfe534d42: true, 0x65735546: true, 0xef53: false, 0x01021994: false, 0x9123683e: false, 0x794c7630: false} {
		if name, got := shared(fs); got != want {
			t.Errorf("%#x: %s, %v", fs, name, got)
		}
	}
}

func TestClosedStore(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	ok(t, err)
	newRun(t, s, NewRun{})
	ok(t, s.Close())
	ok(t, s.Close())
	if _, err := s.Runs(t.Context(), backends.RunFilter{}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
	if err := second(s.CreateRun(owner(t), NewRun{})); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}
