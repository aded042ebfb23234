package experiments_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// save saves what is shown under a name.
func (x *world) save(name string) *world {
	x.Press("V", "n").Type(name).Press("enter").rest()
	for range 3 {
		if strings.Contains(x.Text(), "Save view") {
			x.Press("enter").rest()
		}
	}
	return x.rest()
}

func (x *world) state() (views []backends.SavedView, last string) {
	x.b.Change(func(s *fake.State) { views, last = s.Views, s.LastView })
	return views, last
}

func TestAViewIsSavedShownAndRestored(t *testing.T) {
	var kept fake.State
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("v", "down", "space", "enter") // without the state
		x.Press("/").Type("metrics.val_acc > 0.9").Press("enter")
		x.Press("o").rest() // the least first
		x.Press("tab", "n", "p", ">", "shift+tab").rest()
		x.save("best of them")
		views, last := x.state()
		if len(views) != 1 || views[0].Name != "best of them" || last != "best of them" {
			t.Fatalf("saved are %v, last %q; the screen is\n%s", views, last, x.Text())
		}
		if l := x.Line(1); !strings.Contains(l, "best of them") {
			t.Errorf("the title does not name the view: %q", l)
		}
		// As it is by itself, and back again by its name.
		x.Press("V", "home", "enter").rest()
		if l := x.Line(1); strings.Contains(l, "best of them") || !strings.Contains(l, "8 of 8") || !strings.Contains(x.Line(2), "state") {
			t.Errorf("the view is still in force:\n%s", x.Text())
		}
		if _, last := x.state(); last != "" {
			t.Errorf("the last view is still %q", last)
		}
		x.Press(":").Type("View best").Press("enter").rest()
		arranged(t, x)
		x.b.Change(func(s *fake.State) { kept = fake.State{Views: s.Views, LastView: s.LastView} })
	})
	// Another start.
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) { s.Views, s.LastView = kept.Views, kept.LastView })
		arranged(t, open(t, b, 160, 45).rest())
	})
}

// arranged checks that the view of the test above is in force.
func arranged(t *testing.T, x *world) {
	t.Helper()
	title, head := x.Line(1), x.Line(2)
	switch {
	case !strings.Contains(title, "/ metrics.val_acc > 0.9") || !strings.Contains(title, "6 of 8"):
		t.Errorf("the filter is %q", title)
	case strings.Contains(head, "state") || !strings.Contains(head, "val_acc ▴"):
		t.Errorf("the columns are %q", head)
	case !strings.Contains(x.Text(), "pinned") || !strings.Contains(x.Text(), "smooth 0.1"):
		t.Errorf("the charts are not those of the view:\n%s", x.Text())
	}
}

func TestViewScreens(t *testing.T) {
	for _, size := range sizes {
		for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
			t.Run(fmt.Sprintf("%dx%d_%s", size[0], size[1], look), func(t *testing.T) {
				tuitest.Run(t, func(t *testing.T) {
					b := fake.Runs(8)
					b.Change(func(s *fake.State) {
						s.Views = []backends.SavedView{
							{Tab: "experiments", Name: "broken", Data: json.RawMessage(`{"filtr":"x"}`)},
							{Tab: "experiments", Name: "by width \x1b[2J", Data: json.RawMessage(`{"group":"params.width","charts":{"kind":"Parallel"}}`)},
						}
						s.LastView = "by width \x1b[2J"
					})
					x := open(t, b, size[0], size[1], looks(look)).rest()
					x.Golden(fmt.Sprintf("views/restored_%dx%d%s", size[0], size[1], as))
					x.Press("V").rest()
					x.Golden(fmt.Sprintf("views/menu_%dx%d%s", size[0], size[1], as))
				})
			})
		}
	}
}

func TestAViewIsDeletedAndABrokenOneSaysWhy(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) {
			s.Views = []backends.SavedView{{Tab: "experiments", Name: "broken", Data: json.RawMessage(`{"filtr":"x"}`)}}
			s.LastView = "broken"
		})
		x := open(t, b, 160, 45).rest()
		if l := x.Line(1); !strings.Contains(l, "Runs digits") || !strings.Contains(l, "8 of 8") {
			t.Errorf("a broken view arranged something: %q", l)
		}
		x.Press("V", "end").rest()
		if !strings.Contains(x.Text(), `unknown field "filtr"`) {
			t.Errorf("the menu does not say what is wrong:\n%s", x.Text())
		}
		x.Press("X").rest()
		if p := x.applied(t); p.Action != "views.delete" || p.Target[0].Name != "broken" {
			t.Errorf("applied %+v", p)
		}
		if views, _ := x.state(); len(views) != 0 {
			t.Errorf("the view is still there: %v", views)
		}
	})
}

func TestColumnsHaveWidths(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		before := where(x.Line(2))
		x.Press("v", "down", "right", "right", "right").rest()
		if !strings.Contains(x.Text(), "13 cells") {
			t.Errorf("the chooser does not say how wide:\n%s", x.Text())
		}
		x.Press("enter")
		if after := where(x.Line(2)); after["val_acc"] != before["val_acc"]+3 {
			t.Errorf("three cells wider, val_acc went from %d to %d: %q", before["val_acc"], after["val_acc"], x.Line(2))
		}
		x.save("wide")
		views, _ := x.state()
		if len(views) != 1 || !strings.Contains(string(views[0].Data), `"state":13`) {
			t.Errorf("saved is %v", views)
		}
	})
}
