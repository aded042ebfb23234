package folder

import (
	"cmp"
	"context"
	"math"
	"strings"

	"flightdeck/backends"
)

// chase is one place that is followed: the Sink of its reader.
type chase struct {
	place  Place
	kind   string // of its format
	noted  bool   // its group says that it is one of its places
	group  *group
	prefix string // of its keys
	reader Reader
	once   bool
	read   stamp

	hunt  *hunt
	root  backends.FollowSink // of the job
	ctx   context.Context     // of the read at hand
	stop  context.CancelFunc
	batch []backends.Metric
	sent  map[string]*sent
	anew  bool // the file is read from its beginning again

	params, tags       map[string]string // that were sent
	newParams, newTags map[string]string
	info               Info
}

// sent is what of a key went out, as a count and a digest: enough to see whether
// what is read anew begins with it, and little enough for a thousand keys.
type sent struct {
	n      int
	digest uint64
	again  []backends.Metric // since the file is read anew
}

const batchSize = 1000

// mostNamed places of one run: a tag has room for some thousand bytes.
const mostNamed = 32

// mostSentKeys bounds what a child's files can make a supervisor remember.
const mostSentKeys = 20_000

func (s *sent) add(m backends.Metric) {
	s.n++
	s.digest = mixed(s.digest, uint64(m.Step), math.Float64bits(m.Value))
}

func (c *chase) Points(key string, p backends.Points) {
	s := c.sent[key]
	if s == nil {
		if len(c.sent) >= mostSentKeys {
			return
		}
		s = &sent{}
		c.sent[strings.Clone(key)] = s
	}
	key = c.prefix + key
	for i := range min(len(p.Step), len(p.Time), len(p.Value)) {
		m := backends.Metric{Key: key, Step: p.Step[i], Time: p.Time[i], Value: p.Value[i]}
		switch {
		case m.Time <= 0:
			m.Time = c.hunt.since
		case m.Time < c.hunt.since:
			continue // of a job before this one
		}
		if c.anew {
			s.again = append(s.again, m)
			continue
		}
		s.add(m)
		c.push(m)
	}
}

// push adds to the batch. When it cannot be sent the reader is stopped, to go on
// from there later.
func (c *chase) push(m backends.Metric) {
	if c.batch = append(c.batch, m); len(c.batch)%batchSize == 0 && c.ctx != nil && c.flush(c.ctx) != nil {
		c.stop()
	}
}

func (c *chase) Forget() {
	c.anew = true
	for _, s := range c.sent {
		s.again = nil
	}
}

// settle sends what a file that was read anew has beyond what was sent; all of it
// when it does not begin with that.
func (c *chase) settle() {
	if !c.anew {
		return
	}
	c.anew = false
	for _, s := range c.sent {
		fresh := s.again
		s.again = nil
		if len(fresh) >= s.n {
			var head sent
			for _, m := range fresh[:s.n] {
				head.add(m)
			}
			if head.digest == s.digest {
				fresh = fresh[s.n:]
			} else {
				s.n, s.digest = 0, 0
			}
		} else if len(fresh) > 0 {
			s.n, s.digest = 0, 0
		}
		for _, m := range fresh {
			s.add(m)
			c.push(m)
		}
	}
}

// Rewind does nothing: a store forgets nothing.
func (c *chase) Rewind(int64) {}

func (c *chase) Info(i Info) { c.info = i }

func (c *chase) Params(ps ...backends.Param) {
	for _, p := range ps {
		stage(&c.newParams, c.params, p.Key, p.Value)
	}
}

func (c *chase) Tags(ts ...backends.Tag) {
	for _, t := range ts {
		stage(&c.newTags, c.tags, t.Key, t.Value)
	}
}

// stage notes what is to be sent, unless it was.
func stage(to *map[string]string, sent map[string]string, k, v string) {
	if old, ok := sent[k]; ok && old == v || len(sent)+len(*to) >= mostSentKeys {
		return
	}
	if *to == nil {
		*to = map[string]string{}
	}
	(*to)[strings.Clone(k)] = strings.Clone(v)
}

func (c *chase) Histograms(string, ...backends.Histogram) {}

func (c *chase) Media(backends.MediaKind, string, ...backends.MediaItem) {}

// Trouble is shown with the run, as everything that was found.
func (c *chase) Trouble(err error) {
	if err != nil {
		c.Tags(backends.Tag{Key: backends.TagTrouble, Value: err.Error()})
	}
}

// to is where the place's finds go. A child run is asked for when there is something
// for it: by then the reader mostly knows its name.
func (c *chase) to(ctx context.Context) (backends.FollowSink, error) {
	g := c.group
	if !g.child {
		return c.root, nil
	}
	if g.sink == nil {
		s, err := c.root.Child(ctx, g.key, cmp.Or(c.info.Name, g.name))
		if err != nil {
			return nil, err
		}
		g.sink = s
	}
	return g.sink, nil
}

// flush sends what is there. What could not be sent stays.
func (c *chase) flush(ctx context.Context) error {
	if len(c.newParams)+len(c.batch)+len(c.newTags) == 0 && (!c.group.child || c.group.ended || c.info.End.IsZero()) {
		return nil
	}
	to, err := c.to(ctx)
	if err != nil {
		return err
	}
	c.note()
	if len(c.newParams) > 0 {
		if err := to.Params(ctx, pairs(c.newParams, backends.Param{})); err != nil {
			return err
		}
		moved(c.params, &c.newParams)
	}
	for len(c.batch) > 0 {
		n := min(len(c.batch), batchSize)
		if err := to.Metrics(ctx, c.batch[:n]); err != nil {
			return err
		}
		c.batch = c.batch[n:]
	}
	c.batch = nil
	if len(c.newTags) > 0 {
		if err := to.Tags(ctx, pairs(c.newTags, backends.Tag{})); err != nil {
			return err
		}
		moved(c.tags, &c.newTags)
	}
	if i := c.info; c.group.child && !c.group.ended && !i.End.IsZero() && i.Status != "" {
		if err := to.End(ctx, i.Status, i.End); err != nil {
			return err
		}
		c.group.ended = true
	}
	return nil
}

// note adds the place to those that its run names: who lists the run knows by it which
// of the runs that are read in place is the same.
func (c *chase) note() {
	if g := c.group; !c.noted && len(g.places) < mostNamed {
		g.places = append(g.places, c.place.ID)
		c.Tags(backends.Tag{Key: backends.TagPlace + c.kind, Value: strings.Join(g.places, "\n")})
	}
	c.noted = true
}

func moved(to map[string]string, from *map[string]string) {
	for k, v := range *from {
		to[k] = v
	}
	*from = nil
}

func (c *chase) close() {
	if c.reader != nil {
		_ = c.reader.Close() // it only read
		c.reader = nil
		c.hunt.open--
	}
}
