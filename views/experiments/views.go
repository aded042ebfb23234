package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/form"
)

// tabName is what saved views of this tab are filed under.
const tabName = "experiments"

// views is the saved views of the workspace, and which one is in force.
type views struct {
	desk     *Desk
	runs     *Runs
	ctx      context.Context
	list     *hub.Handle[backends.SavedViews]
	name     string // of the view in force; "" is none
	restored bool   // the last one was, or there was none
	saved    atomic.Pointer[string]
	memory   memory
}

// memory writes down which view was used last, off the event loop, the newest last.
type memory struct {
	last  atomic.Pointer[string]
	write sync.Mutex
}

// Remembers gives the tab a way to write down which view was used last, under its
// client's grant. Without one the view of the start stays what it is.
func (d *Desk) Remembers(use func(ctx context.Context, tab, name string) error) { d.use = use }

// keeper is the first source that keeps views.
func (s *views) keeper() (backends.Backend, bool) {
	for _, b := range s.desk.sources {
		if _, ok := b.(backends.SavedViewLister); ok {
			return b, true
		}
	}
	return nil, false
}

// open watches the views.
func (s *views) open(ctx context.Context, poke chan struct{}) {
	s.ctx, s.list = ctx, nil
	b, ok := s.keeper()
	if !ok {
		return
	}
	l := b.(backends.SavedViewLister)
	s.list = hub.Watch(ctx, s.desk.hub, poke, hub.Key{Backend: b.Name(), Capability: backends.TopicViews, Args: tabName}, func(ctx context.Context) (backends.SavedViews, error) {
		return l.SavedViews(ctx, tabName)
	}, hub.Same(sameViews))
}

// refresh brings back the view that was used last, once, when both it and the runs
// have been read; and takes the name of one that was just saved.
func (s *views) refresh() {
	res := s.list.Result()
	if saved := s.saved.Load(); saved != nil && slices.ContainsFunc(res.Value.Views, func(v backends.SavedView) bool { return v.Name == *saved }) {
		s.name = *saved
		s.saved.Store(nil)
		s.remember(s.name)
	}
	if s.restored || !res.OK || s.runs.feeds.waiting() {
		return
	}
	s.restored = true
	for _, v := range res.Value.Views {
		if v.Name == res.Value.Last {
			s.show(v)
		}
	}
}

func sameViews(a, b backends.SavedViews) bool {
	return a.Last == b.Last && slices.EqualFunc(a.Views, b.Views, func(x, y backends.SavedView) bool { return x.Name == y.Name && string(x.Data) == string(y.Data) })
}

// show arranges the tab as a view says; one that cannot be read changes nothing.
func (s *views) show(v backends.SavedView) {
	if got, err := parseView(v.Data); err == nil {
		s.name = v.Name
		restore(s.runs, got)
	}
}

// use shows a view by its name, "" as everything is by itself, and remembers it.
func (s *views) use(name string) {
	s.restored = true
	if name == "" {
		s.name = ""
		restore(s.runs, savedView{})
		s.remember("")
		return
	}
	for _, v := range s.list.Result().Value.Views {
		if v.Name == name {
			s.show(v)
			s.remember(name)
		}
	}
}

// remember writes down which view is in force. Of several that are written at once
// the newest wins.
func (s *views) remember(name string) {
	use := s.desk.use
	if use == nil || s.ctx == nil {
		return
	}
	m, ctx := &s.memory, s.ctx
	m.last.Store(&name)
	go func() {
		m.write.Lock()
		defer m.write.Unlock()
		if now := m.last.Load(); now == &name {
			_ = use(ctx, tabName, name) // the next start shows another view: not worth a word
		}
	}()
}

// ask offers the views in the table's place.
func (s *views) ask() {
	v := s.runs
	options := []option{{id: "", name: "as it is by itself", on: s.name == ""}}
	for _, w := range s.list.Result().Value.Views {
		o := option{id: w.Name, name: w.Name, on: w.Name == s.name}
		if got, err := parseView(w.Data); err != nil {
			o.note = firstError(err)
		} else {
			o.note = got.note()
		}
		options = append(options, o)
	}
	v.menu = newMenu(menu{title: "Views", hint: "columns, filter, order, groups and charts, as files in .flightdeck/views", choose: s.use, done: func() { v.menu = nil }, more: s.actions}, options)
}

// action offers the views.
func (s *views) action() tui.Action {
	why := ""
	if s.list == nil {
		why = "none of the backends keeps views"
	}
	return tui.Action{ID: "runs.views", Key: bind("views", "V"), Title: "Saved views: show one, save what is shown", Why: why, Do: s.ask}
}

// actions is what else can be done to the views.
func (s *views) actions(o option) []tui.Action {
	none := ""
	if o.id == "" {
		none = "this one is always there"
	}
	return []tui.Action{
		s.saveAction("n"),
		{ID: "views.delete", Key: bind("delete", "X"), Title: "Delete view " + o.name, Why: none, Plan: func(ctx context.Context) (backends.Plan, error) {
			b, ok := s.keeper()
			k, can := b.(backends.SavedViewKeeper)
			if !ok || !can {
				return backends.Plan{}, errors.New("none of the backends keeps views")
			}
			return k.PlanDeleteView(ctx, tabName, o.id)
		}},
	}
}

// saveAction saves what is shown as a view.
func (s *views) saveAction(key string) tui.Action {
	why := "none of the backends keeps views"
	b, _ := s.keeper()
	k, ok := b.(backends.SavedViewKeeper)
	if ok {
		why = ""
	}
	return tui.Action{ID: "views.save", Key: bind("new view of what is shown", key), Title: "Save what is shown as a view", Why: why, Form: func() tui.Form {
		shown := capture(s.runs)
		return tui.Form{
			Title: "Save view", Verb: "save", Intro: "Columns, filter, order, groups and charts, under a name.",
			Form: form.New(form.Field{ID: "name", Kind: form.Text, Label: "name", Default: s.name, Required: true}),
			Submit: func(ctx context.Context, vals form.Values) (backends.Plan, error) {
				data, err := json.MarshalIndent(shown, "", "  ")
				if err != nil {
					return backends.Plan{}, err
				}
				name := vals["name"]
				s.saved.Store(&name)
				return k.PlanSaveView(ctx, backends.SavedView{Tab: tabName, Name: name, Data: append(data, '\n')})
			},
		}
	}}
}

// objects are the views, for the palette.
func (s *views) objects() []tui.Object {
	var out []tui.Object
	for _, w := range s.list.Result().Value.Views {
		out = append(out, tui.Object{Ref: backends.Ref{Kind: "view", ID: w.Name, Name: w.Name}, Name: "View " + w.Name, Go: func() { s.use(w.Name) }})
	}
	return out
}
