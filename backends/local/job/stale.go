package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// Stale is one thing that nobody needs any more, and why it is thought so.
type Stale struct {
	Path string        `json:"path"` // a folder, or "pid 4121" for a process
	Why  string        `json:"why"`
	Proc proc.Identity `json:"proc,omitzero"` // of a stray process
}

// keepTrash is how long a deleted job can be restored before it counts as stale.
const keepTrash = 7 * 24 * time.Hour

func (j *Jobs) trash() string { return filepath.Join(filepath.Dir(j.o.Dir), "trash") }

// Delete moves the folder of a job that has ended to the trash.
func (j *Jobs) Delete(ctx context.Context, id string) error {
	if err := j.exists(id); err != nil {
		return err
	}
	if err := j.t.file(ctx, "delete job "+id); err != nil {
		return err
	}
	if err := j.idle(ctx, id); err != nil {
		return err
	}
	if err := os.MkdirAll(j.trash(), 0o700); err != nil {
		return fmt.Errorf("delete job %s: %w", id, err)
	}
	to := filepath.Join(j.trash(), id)
	if err := os.Rename(j.Dir(id), to); err != nil {
		return fmt.Errorf("delete job %s: %w", id, err)
	}
	now := j.o.Now()
	return os.Chtimes(to, now, now) // since when it is in the trash
}

// idle waits for a job that has just ended to be done with itself.
func (j *Jobs) idle(ctx context.Context, id string) error {
	tick := time.NewTicker(stopPace)
	defer tick.Stop()
	for until := time.Now().Add(5 * time.Second); ; {
		v := newView(j.Dir(id))
		st, _ := v.state()
		switch {
		case st != backends.JobExited && st != backends.JobLost:
			return fmt.Errorf("delete job %s: it is %s; stop it first", id, st)
		case !v.watched():
			return nil
		case time.Now().After(until):
			return fmt.Errorf("delete job %s: it ended and its end is still being written down", id)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Restore brings a deleted job back.
func (j *Jobs) Restore(ctx context.Context, id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	if err := j.t.file(ctx, "restore job "+id); err != nil {
		return err
	}
	from := filepath.Join(j.trash(), id)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("restore job %s: not in the trash: %w", id, backends.ErrNotFound)
	}
	if _, err := os.Lstat(j.Dir(id)); err == nil {
		return fmt.Errorf("restore job %s: there is another job of this id", id)
	}
	if err := os.Rename(from, j.Dir(id)); err != nil {
		return fmt.Errorf("restore job %s: %w", id, err)
	}
	return nil
}

// Stale lists folders that never became a job, deleted jobs of more than a week
// ago, and processes that outlived their job. It changes nothing.
func (j *Jobs) Stale(ctx context.Context) ([]Stale, error) {
	var out []Stale
	entries, err := os.ReadDir(j.o.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("look for what is stale: %w", err)
	}
	for _, e := range entries {
		if why := j.halfMade(e); why != "" {
			out = append(out, Stale{Path: j.Dir(e.Name()), Why: why})
		}
	}
	entries, _ = os.ReadDir(j.trash()) // there may be none
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && j.o.Now().Sub(fi.ModTime()) > keepTrash {
			out = append(out, Stale{Path: filepath.Join(j.trash(), e.Name()), Why: "deleted on " + fi.ModTime().Format("2006-01-02")})
		}
	}
	strays, err := j.strays()
	return append(out, strays...), errors.Join(err, ctx.Err())
}

// halfMade says why a folder never became a job, "" if it is one or may yet be.
func (j *Jobs) halfMade(e os.DirEntry) string {
	if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
		return ""
	}
	v := newView(j.Dir(e.Name()))
	fi, err := e.Info()
	switch {
	case err != nil, v.exit != nil, v.life != (life{}), j.o.Now().Sub(fi.ModTime()) < time.Minute && v.specErr != nil:
		return ""
	case errors.Is(v.specErr, os.ErrNotExist):
		return "half-made: it has no spec"
	case errors.Is(v.stErr, os.ErrNotExist):
		return "never started: whoever started it died before it did"
	}
	return ""
}

// strays are processes that carry the id of a job of this workspace which has
// ended or is not there.
func (j *Jobs) strays() ([]Stale, error) {
	t, err := proc.Scan()
	if err != nil {
		return nil, err
	}
	boot := proc.Boot()
	var out []Stale
	t.All(func(p proc.Stat) {
		env := proc.EnvironOf(p.PID)
		id, ok := env.Lookup(envJob)
		dir, _ := env.Lookup(envJobDir)
		if !ok || dir != j.Dir(id) || CheckID(id) != nil || p.PID == os.Getpid() {
			return
		}
		v := newView(dir)
		if v.watched() || v.life.child {
			return
		}
		out = append(out, Stale{
			Path: fmt.Sprintf("pid %d", p.PID), Proc: identity(p, boot),
			Why: fmt.Sprintf("%q of job %s goes on though the job has ended", p.Name, id),
		})
	})
	return out, nil
}

// Clean removes exactly what is listed, for good: folders are deleted, processes
// killed. What is not stale, or not any more, is left alone and answered with
// backends.ErrStale.
func (j *Jobs) Clean(ctx context.Context, what []Stale) error {
	if err := backends.CheckRisk(ctx, "file", "clean", backends.Destructive); err != nil {
		return err
	}
	now, err := j.Stale(ctx)
	if err != nil {
		return err
	}
	still := map[Stale]bool{}
	for _, s := range now {
		still[Stale{Path: s.Path, Proc: s.Proc}] = true
	}
	var errs []error
	for _, s := range what {
		switch {
		case !still[Stale{Path: s.Path, Proc: s.Proc}]:
			errs = append(errs, fmt.Errorf("clean %s: %w", s.Path, backends.ErrStale))
		case s.Proc.PID != 0:
			errs = append(errs, j.t.signal(ctx, s.Proc, syscall.SIGKILL))
		default:
			errs = append(errs, os.RemoveAll(s.Path))
		}
	}
	return errors.Join(errs...)
}
