package store

import (
	"sync"
	"testing"
)

// Who opens a store while another makes it sees none or a whole one, and never a
// file that is not ours.
func TestOpenWhileItIsMade(t *testing.T) {
	for range 40 {
		dir := t.TempDir()
		made := make(chan struct{})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for done := false; !done; {
					select {
					case <-made:
						done = true
					default:
					}
					s, err := Open(dir, Options{})
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateRun(owner(t), NewRun{Name: "first"}); err != nil {
			t.Error(err)
		}
		close(made)
		all.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
}
