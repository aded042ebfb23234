package job

import (
	"sync"
	"time"
)

// clock is a wall clock that may jump back a year.
type clock struct {
	mu   sync.Mutex
	back bool
}

func (c *clock) tick() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.back {
		return time.Now().AddDate(-1, 0, 0)
	}
	return time.Now()
}
