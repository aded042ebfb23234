package folder

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
)

// Source is one format to follow, without the places that others claim.
type Source struct {
	Format Format
	Except []Format
}

// Follower turns what a job's child writes in this format, below its folder, into
// metrics of the job's run. It takes what was touched since the job began: new
// places, and those that were there and are written to again, but of these no point
// that is older.
//
// One place is the job's run, its keys as they are. Places that are called train,
// val, test … beside each other are one run together, with keys like train/loss. A
// further place of the same format, and each that belongs to another as the jobs of
// a sweep do, is a child run.
//
// Points that were sent are not sent again, also when their file is written anew.
// What a program takes back stays: a store forgets nothing. Pictures and histograms
// stay in their files, to which backends.TagPlace of the run leads: ids relative to
// the job's folder.
func Follower(f Format, except ...Format) backends.Follower {
	return Followers(Source{Format: f, Except: except})
}

// Followers is Follower for several formats at once, over one look at the tree.
func Followers(of ...Source) backends.Follower { return followers{of} }

type followers struct{ of []Source }

func (f followers) Kind() string {
	kinds := make([]string, 0, len(f.of))
	for _, s := range f.of {
		kinds = append(kinds, s.Format.Kind())
	}
	return strings.Join(kinds, ", ")
}

const (
	touchSlack = 50 * time.Millisecond // file times are those of the last timer tick
	lastLook   = 5 * time.Second       // after the job's end
	mostChased = 64                    // readers that a follower keeps
	beginning  = 20 * time.Second
)

// Follow implements backends.Follower.
func (f followers) Follow(ctx context.Context, from backends.FollowSource, sink backends.FollowSink) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the last look comes after ctx
	defer cancel()
	tree, err := NewTree(own, from.Dir, TreeOptions{MostEntries: 10_000, MostFolders: 20_000})
	if err != nil {
		return err
	}
	h := &hunt{tree: tree, from: from, begun: time.Now(), since: from.Since.UnixMilli()}
	defer h.close()
	for _, s := range f.of {
		t := trail{format: s.Format, number: tree.register(s.Format), sink: backends.FollowedBy(sink, s.Format.Kind()), chases: map[string]*chase{}, groups: map[string]*group{}}
		for _, e := range s.Except {
			t.except = append(t.except, tree.register(e))
		}
		h.trails = append(h.trails, &t)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			last, stop := context.WithTimeout(own, lastLook)
			defer stop()
			if err := tree.settle(last); err != nil {
				return fmt.Errorf("last look into %s: %w", from.Dir, err)
			}
			return h.round(last)
		case <-timer.C:
			tree.look(ctx, tree.o.Pace/8, time.Minute)
			_ = h.round(ctx) // what could not be sent is sent the next time
			timer.Reset(h.pace())
		}
	}
}

// hunt is one Follow.
type hunt struct {
	tree   *Tree
	from   backends.FollowSource
	since  int64 // milliseconds
	begun  time.Time
	trails []*trail
	open   int
}

// trail is one format's part of it.
type trail struct {
	format  Format
	number  int
	except  []int
	chases  map[string]*chase // by place
	groups  map[string]*group
	primary *group
	sink    backends.FollowSink
}

// group is the places that make one run.
type group struct {
	key, name string
	path      string
	child     bool
	places    []string // ids, of those that had something
	sink      backends.FollowSink
	ended     bool
}

// round reads what is new of every place. The first error that kept something from
// being sent is its answer.
func (h *hunt) round(ctx context.Context) error {
	var first error
	for _, t := range h.trails {
		places, stamps := h.tree.placesOf(t.number, t.except)
		for _, i := range h.touched(t, places, stamps) {
			c := t.chases[places[i].ID]
			if c == nil {
				c = t.begin(places[i])
			}
			if err := h.step(ctx, t, c, stamps[i]); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// touched is the places that the child wrote to, the one that began first first.
func (h *hunt) touched(t *trail, places []Place, stamps []stamp) (out []int) {
	for i, p := range places {
		if t.chases[p.ID] != nil || stamps[i].newest >= h.from.Since.Add(-touchSlack).UnixNano() && h.owns(p.Path) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(stamps[a].oldest, stamps[b].oldest), compareNatural(places[a].ID, places[b].ID))
	})
	return out
}

// owns says whether a place that was touched is this job's.
func (h *hunt) owns(path string) bool {
	if h.from.Owns == nil {
		return true
	}
	mine, known := h.from.Owns(path)
	return mine && known
}

// splits are the names of places that are parts of one run.
func split(name string) bool {
	switch strings.ToLower(name) {
	case "train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "testing", "dev":
		return true
	}
	return false
}

// begin decides which run a place belongs to.
func (t *trail) begin(p Place) *chase {
	c := &chase{place: p, kind: t.format.Kind(), sent: map[string]*sent{}, params: map[string]string{}, tags: map[string]string{}}
	path, name := p.ID, p.Name
	up, base := ".", p.ID
	if i := strings.LastIndexByte(p.ID, '/'); i >= 0 {
		up, base = p.ID[:i], p.ID[i+1:]
	}
	switch {
	case p.Parent != "":
	case split(base):
		path, name, c.prefix = up, up[strings.LastIndexByte(up, '/')+1:], base+"/"
	default:
		for _, g := range t.groups {
			if rest, ok := strings.CutPrefix(p.ID, g.path+"/"); ok && !g.child {
				path, name, c.prefix = g.path, g.name, rest+"/"
				break
			}
		}
	}
	g := t.groups[path]
	if g == nil {
		g = &group{key: t.format.Kind() + ":" + path, name: name, path: path, child: p.Parent != "" || t.primary != nil}
		if !g.child {
			t.primary = g
		}
		t.groups[path] = g
	}
	c.group = g
	t.chases[p.ID] = c
	return c
}

// step reads on in one place and sends what came.
func (h *hunt) step(ctx context.Context, t *trail, c *chase, now stamp) error {
	c.hunt, c.root = h, t.sink
	if err := c.flush(ctx); err != nil || c.once && c.read == now {
		return err
	}
	if c.reader == nil {
		if c.once {
			c.Forget()
		}
		c.reader = t.format.Open(c.place)
		h.open++
	}
	rctx, stop := context.WithCancel(ctx)
	defer stop()
	c.ctx, c.stop = rctx, stop
	err := c.reader.Read(rctx, c)
	if err == nil || rctx.Err() == nil { // a reader's own error is not ours to repeat: what can be read was
		c.settle()
		c.once, c.read, err = true, now, nil
	}
	if h.open > mostChased {
		c.close()
	}
	c.ctx = ctx
	if sendErr := c.flush(ctx); sendErr != nil {
		return sendErr
	}
	return err
}

// pace is quick while the child begins: it is then that the jobs of a sweep, and
// who logs what, are told apart.
func (h *hunt) pace() time.Duration {
	d := h.tree.pace()
	if time.Since(h.begun) < beginning && d == h.tree.o.Pace {
		return d / 4
	}
	return d
}

func (h *hunt) close() {
	for _, t := range h.trails {
		for _, c := range t.chases {
			c.close()
		}
	}
}
