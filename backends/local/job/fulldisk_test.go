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
)

// fullDisk plays a job whose whole workspace fills up while it runs. It is a
// process of its own in a mount namespace of its own, and prints what went wrong.
func fullDisk(dir, gatePath string) error {
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		return err
	}
	jobs := filepath.Join(dir, "jobs")
	j := New(Options{Dir: jobs, Exe: []string{os.Args[0]}})
	spec := backends.JobSpec{Dir: "/", Command: []string{"sh", "-c", fmt.Sprintf("while [ ! -e %s ]; do sleep 0.02; done; exit 7", gatePath)}}
	job, err := j.Start(granted(), "j1", spec, nil)
	if err != nil {
		return err
	}
	if err := awaitJob(func() bool { return newView(job.Dir).life.supervisor }); err != nil {
		return err
	}
	ballast := make([]byte, 4096)
	f, err := os.Create(filepath.Join(dir, "ballast"))
	for err == nil {
		_, err = f.Write(ballast)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	if err := awaitJob(func() bool {
		got, err := j.Get(context.Background(), "j1")
		return err == nil && got.State == backends.JobRunning && strings.Contains(got.Trouble, "no space left on device")
	}); err != nil {
		return fmt.Errorf("the trouble is not told: %w", err)
	}
	if _, err := j.Start(granted(), "j2", spec, nil); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("a start on a full disk answers %w", err)
	}
	if _, err := os.Stat(j.Dir("j2")); !errors.Is(err, os.ErrNotExist) {
		return errors.New("it left a folder behind")
	}
	if err := os.WriteFile(gatePath, nil, 0o600); err != nil {
		return err
	}
	if err := awaitJob(func() bool {
		got, err := j.Get(context.Background(), "j1")
		return err == nil && got.State == backends.JobExited
	}); err != nil {
		return fmt.Errorf("the exit is not kept: %w", err)
	}
	got, err := j.Get(context.Background(), "j1")
	if err == nil && got.Exit.Code != 7 {
		err = fmt.Errorf("exit %v", got.Exit)
	}
	if err != nil {
		return err
	}
	f.Close() // and with room again, all is written down
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	return awaitJob(func() bool { return newView(job.Dir).settled() })
}

func awaitJob(ok func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(until) {
			return errors.New("waited for 20 s")
		}
	}
	return nil
}
