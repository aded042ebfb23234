package fake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"flightdeck/backends"
)

func (p runs) SavedViews(ctx context.Context, tab string) (backends.SavedViews, error) {
	return read(ctx, p.w, "savedviews", func(s *State) (backends.SavedViews, error) {
		out := backends.SavedViews{Last: s.LastView}
		for _, v := range s.Views {
			if v.Tab == tab {
				out.Views = append(out.Views, v)
			}
		}
		return out, nil
	})
}

func (p runPlans) PlanSaveView(ctx context.Context, v backends.SavedView) (backends.Plan, error) {
	return read(ctx, p.w, "plansaveview", func(s *State) (backends.Plan, error) {
		ref := backends.Ref{Backend: p.w.name, Kind: "view", ID: v.Tab + "/" + v.Name, Name: v.Name}
		plan := sketch(p.w, "views.save", "file", "views/save", v, ref)
		undo := sketch(p.w, "views.delete", "file", "views/delete", backends.SavedView{Tab: v.Tab, Name: v.Name}, ref)
		plan.Undo = &undo
		return plan, nil
	})
}

func (p runPlans) PlanDeleteView(ctx context.Context, tab, name string) (backends.Plan, error) {
	return read(ctx, p.w, "plandeleteview", func(s *State) (backends.Plan, error) {
		for _, v := range s.Views {
			if v.Tab == tab && v.Name == name {
				ref := backends.Ref{Backend: p.w.name, Kind: "view", ID: tab + "/" + name, Name: name}
				plan := sketch(p.w, "views.delete", "file", "views/delete", backends.SavedView{Tab: tab, Name: name}, ref)
				undo := sketch(p.w, "views.save", "file", "views/save", v, ref)
				plan.Undo = &undo
				return plan, nil
			}
		}
		return backends.Plan{}, fmt.Errorf("view %s: %w", name, backends.ErrNotFound)
	})
}

// UseView remembers the view that was used last.
func (p runPlans) UseView(ctx context.Context, _, name string) error {
	if err := backends.Check(ctx, "file", "views/use"); err != nil {
		return err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.state.LastView = name
	return nil
}

func (w *world) saveView(v backends.SavedView) (*backends.Plan, error) {
	views := slices.DeleteFunc(slices.Clone(w.state.Views), func(o backends.SavedView) bool { return o.Tab == v.Tab && o.Name == v.Name })
	w.state.Views = append(views, v)
	slices.SortFunc(w.state.Views, func(a, b backends.SavedView) int { return strings.Compare(a.Name, b.Name) })
	return nil, nil
}

func (w *world) deleteView(v backends.SavedView) (*backends.Plan, error) {
	w.state.Views = slices.DeleteFunc(slices.Clone(w.state.Views), func(o backends.SavedView) bool { return o.Tab == v.Tab && o.Name == v.Name })
	return nil, nil
}
