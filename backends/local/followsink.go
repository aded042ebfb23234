package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// The tracker is also where followers put what they read from the child's files
// and its output (backends.FollowSink): into the run that the child made last, else
// into one of the job's own. That one is made by the first metric; params and tags
// wait for it, because a child that is about to make a run of its own often writes
// its configuration first.

// tagFollowed marks a run that a follower asked for; its value is the follower's key.
const tagFollowed = "flightdeck.followed"

// held is what waits for a run.
type held struct {
	params []backends.Param
	tags   []backends.Tag
}

// Params logs what a follower found.
func (t *tracker) Params(ctx context.Context, p []backends.Param) error {
	t.hold(p, nil)
	return t.release(t.ctx(ctx))
}

// Tags logs what a follower found.
func (t *tracker) Tags(ctx context.Context, tags []backends.Tag) error {
	t.hold(nil, tags)
	return t.release(t.ctx(ctx))
}

// Metrics logs what a follower found, of the keys that the child does not log itself.
func (t *tracker) Metrics(ctx context.Context, m []backends.Metric) error {
	return t.metrics(ctx, "", m)
}

func (t *tracker) metrics(ctx context.Context, by string, m []backends.Metric) error {
	if by == onOutput && t.hasChildren() {
		return nil // a sweep prints the metrics of all of its jobs, which are in their files too
	}
	ctx = t.ctx(ctx)
	id, err := t.ensure(ctx)
	if err != nil {
		return err
	}
	if err := t.release(ctx); err != nil {
		return err
	}
	return t.write(ctx, id, by, m)
}

// End implements backends.FollowSink: the job's own run ends with the job.
func (t *tracker) End(context.Context, backends.RunStatus, time.Time) error { return nil }

// onOutput is the kind of the follower that reads what is printed.
const onOutput = "lines"

func (t *tracker) hasChildren() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.children) > 0
}

// author is the tracker, or a run below it, for the followers of one kind.
type author struct {
	backends.FollowSink
	by string
}

// By implements backends.FollowAuthor.
func (t *tracker) By(kind string) backends.FollowSink { return author{t, kind} }

func (a author) Metrics(ctx context.Context, m []backends.Metric) error {
	return a.FollowSink.(interface {
		metrics(ctx context.Context, by string, m []backends.Metric) error
	}).metrics(ctx, a.by, m)
}

func (a author) Child(ctx context.Context, key, name string) (backends.FollowSink, error) {
	c, err := a.FollowSink.Child(ctx, key, name)
	if err != nil {
		return nil, err
	}
	return author{c, a.by}, nil
}

func (t *tracker) hold(p []backends.Param, tags []backends.Tag) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held.params, t.held.tags = append(t.held.params, p...), append(t.held.tags, tags...)
}

// release writes what was held as soon as there is a run.
func (t *tracker) release(ctx context.Context) error {
	id := t.last()
	if id == "" {
		return nil
	}
	t.mu.Lock()
	h := t.held
	t.held = held{}
	t.mu.Unlock()
	if err := t.describeBy(ctx, id, h); err != nil {
		t.mu.Lock()
		t.held.params, t.held.tags = append(h.params, t.held.params...), append(h.tags, t.held.tags...)
		t.mu.Unlock()
		return err
	}
	return nil
}

// describeBy writes params and tags. A param that the run has already stays as it is.
func (t *tracker) describeBy(ctx context.Context, id string, h held) error {
	if len(h.params)+len(h.tags) == 0 {
		return nil
	}
	r, err := t.st.Run(ctx, id)
	if err != nil {
		return lasting(err)
	}
	seen := map[string]bool{}
	var params []backends.Param
	for _, p := range h.params {
		p.Key = cleanKey(p.Key)
		if _, has := r.Param(p.Key); !has && !seen[p.Key] {
			seen[p.Key] = true
			params = append(params, p)
		}
	}
	tags := slices.Clone(h.tags)
	for i := range tags {
		if strings.HasPrefix(tags[i].Key, backends.TagPlace) {
			tags[i].Value = t.placed(tags[i].Value)
		}
		tags[i].Key = cleanKey(tags[i].Key)
	}
	tags = slices.DeleteFunc(tags, func(tag backends.Tag) bool { return tag.Value == "" && strings.HasPrefix(tag.Key, backends.TagPlace) })
	return lasting(t.st.LogBatch(ctx, id, nil, params, tags))
}

// placed turns ids of places below the job's folder into those that they have in the
// tree of the workspace; "" when the job's folder is not in it.
func (t *tracker) placed(ids string) string {
	root := filepath.Dir(filepath.Dir(filepath.Dir(t.job.Dir))) // …/.flightdeck/jobs/<id>
	rel, err := filepath.Rel(resolved(root), resolved(t.job.Spec.Dir))
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	var out []string
	for id := range strings.SplitSeq(ids, "\n") {
		out = append(out, path.Join(filepath.ToSlash(rel), id))
	}
	return strings.Join(out, "\n")
}

// resolved is a path without symbolic links, as far as that can be told.
func resolved(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}

// lasting is nil for what the store will refuse for ever: a follower would send it
// again and again, and the job's end would never be told.
func lasting(err error) error {
	var refused *store.Error
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

func (t *tracker) write(ctx context.Context, id, by string, m []backends.Metric) error {
	m, err := t.followed.admit(ctx, t.st, id, by, m)
	if err != nil || len(m) == 0 {
		return lasting(err)
	}
	return lasting(t.st.LogBatch(ctx, id, m, nil, nil))
}

// Child is a run below the job's own, made by its first metric, or at its end; but
// not at all when the child has made runs itself and this one has no metrics.
func (t *tracker) Child(_ context.Context, key, name string) (backends.FollowSink, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.children {
		if c.key == key {
			return c, nil
		}
	}
	sum := sha256.Sum256([]byte("flightdeck job " + t.job.ID + " child " + key))
	c := &childRun{t: t, key: key, name: name, id: hex.EncodeToString(sum[:16])}
	t.children = append(t.children, c)
	return c, nil
}

// childRun is a FollowSink of a run below the job's own.
type childRun struct {
	t             *tracker
	key, name, id string
	made          bool // guarded by the tracker's making
	held          held // by its mu
}

func (c *childRun) Params(ctx context.Context, p []backends.Param) error {
	c.hold(p, nil)
	return c.release(c.t.ctx(ctx))
}

func (c *childRun) Tags(ctx context.Context, tags []backends.Tag) error {
	c.hold(nil, tags)
	return c.release(c.t.ctx(ctx))
}

func (c *childRun) Metrics(ctx context.Context, m []backends.Metric) error {
	return c.metrics(ctx, "", m)
}

func (c *childRun) metrics(ctx context.Context, by string, m []backends.Metric) error {
	ctx = c.t.ctx(ctx)
	if err := c.ensure(ctx); err != nil {
		return err
	}
	if err := c.release(ctx); err != nil {
		return err
	}
	return c.t.write(ctx, c.id, by, m)
}

// Child is one below this one.
func (c *childRun) Child(ctx context.Context, key, name string) (backends.FollowSink, error) {
	return c.t.Child(ctx, c.key+"/"+key, name)
}

// End says how it ended.
func (c *childRun) End(ctx context.Context, status backends.RunStatus, at time.Time) error {
	ctx = c.t.ctx(ctx)
	if err := c.finish(ctx); err != nil || !c.exists() {
		return err
	}
	return lasting(c.t.st.UpdateRun(ctx, c.id, store.RunUpdate{Status: status, End: at}))
}

func (c *childRun) exists() bool {
	c.t.making.Lock()
	defer c.t.making.Unlock()
	return c.made
}

// finish makes the run if it has none yet and nobody else did.
func (c *childRun) finish(ctx context.Context) error {
	if !c.exists() && c.t.spoke.Load() {
		return nil
	}
	if err := c.ensure(ctx); err != nil {
		return err
	}
	return c.release(ctx)
}

func (c *childRun) hold(p []backends.Param, tags []backends.Tag) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.held.params, c.held.tags = append(c.held.params, p...), append(c.held.tags, tags...)
}

func (c *childRun) release(ctx context.Context) error {
	if !c.exists() {
		return nil
	}
	c.t.mu.Lock()
	h := c.held
	c.held = held{}
	c.t.mu.Unlock()
	if err := c.t.describeBy(ctx, c.id, h); err != nil {
		c.hold(h.params, h.tags)
		return err
	}
	return nil
}

// ensure makes the run below the one that the job has.
func (c *childRun) ensure(ctx context.Context) error {
	if c.exists() {
		return nil
	}
	parent, err := c.t.ensure(ctx)
	if err != nil {
		return err
	}
	up, err := c.t.st.Run(ctx, parent)
	if err != nil {
		return err
	}
	c.t.making.Lock()
	defer c.t.making.Unlock()
	if c.made {
		return nil
	}
	_, err = c.t.st.CreateRun(ctx, store.NewRun{
		ID: c.id, ExperimentID: up.Experiment, Name: c.name, Parent: parent, Job: c.t.job.ID, User: c.t.grant.Actor,
		Tags: []backends.Tag{{Key: tagFollowed, Value: c.key}},
	})
	var known *store.Error
	switch {
	case errors.As(err, &known) && known.Code == store.AlreadyExists: // by a supervisor before this one
		c.made = true
		return nil
	case err != nil:
		return err
	}
	c.made = true
	if err := c.t.describe(ctx, c.id); err != nil {
		_ = c.t.st.SetTags(ctx, c.id, []backends.Tag{{Key: tagUndescribed, Value: err.Error()}})
	}
	return nil
}
