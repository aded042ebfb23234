package store

import (
	"context"
	"fmt"
	"time"

	"flightdeck/backends"
)

// watchEvery is how soon a change by another process is seen at the latest.
const watchEvery = 250 * time.Millisecond

// Watch calls poke with the topics that changed, until ctx ends, and then returns
// nil. It asks SQLite for data_version, which costs no read of the file, and reads
// more only when that moved. A store that comes into being is a change of all.
func (d *db) Watch(ctx context.Context, poke func(topic string)) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var c *conn
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	old, version := topicRevs{}, int64(0)
	first := true
	for {
		var err error
		if c == nil || c.of != nil {
			c, err = d.watcher(c)
		}
		if err == nil && c != nil {
			err = d.look(c, &version, &old, first, poke)
		}
		if err != nil && ctx.Err() == nil {
			return d.explain(ctx, "watch store", fmt.Errorf("look for changes: %w", err))
		}
		first = false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watcher opens the connection that watches; one on a picture is made anew when
// the picture is.
func (d *db) watcher(old *conn) (*conn, error) {
	d.mu.Lock()
	stays := old != nil && old.of == d.copied && !d.copied.stale(d)
	d.mu.Unlock()
	if stays {
		return old, nil
	}
	if old != nil {
		old.Close()
	}
	return d.reader()
}

// look pokes for what changed. What is there at the first look is not a change.
func (d *db) look(c *conn, version *int64, old *topicRevs, first bool, poke func(string)) error {
	v, err := c.int("PRAGMA data_version")
	if err != nil || v == *version && c.of == nil {
		return err
	}
	now, err := c.topicRevs()
	if err != nil {
		return err
	}
	before := *old
	*version, *old = v, now
	if first {
		return nil
	}
	if now.runs != before.runs {
		poke(backends.TopicRuns)
	}
	if now.metrics != before.metrics {
		poke(backends.TopicMetrics)
	}
	if now.models != before.models {
		poke(backends.TopicModels)
	}
	return nil
}
