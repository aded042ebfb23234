package transfer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"flightdeck/backends"
)

// models copies the versions that are of runs which were copied, oldest first, and
// the aliases that point at them.
func (t *transfer) models(ctx context.Context) error {
	l, ok := t.from.(backends.ModelLister)
	if !ok {
		return nil
	}
	all, err := l.Models(ctx)
	if err != nil {
		return fmt.Errorf("models of %s: %w", t.from.Name(), err)
	}
	for _, m := range all {
		made := map[string]string{}
		for _, v := range slices.Backward(m.Versions) {
			run, copied := t.ids[v.Run]
			if !copied {
				if len(made) > 0 || slices.ContainsFunc(m.Versions, func(v backends.ModelVersion) bool { return t.ids[v.Run] != "" }) {
					t.report.lost("version "+v.Version+" of model "+m.Name, "", "its run was not copied")
				}
				continue
			}
			source := m.Name + "/" + v.Version
			v.Run = run
			v.Tags = append(slices.DeleteFunc(slices.Clone(v.Tags), func(g backends.Tag) bool { return g.Key == TagSource }), backends.Tag{Key: TagSource, Value: t.from.Name() + "/" + source})
			number, fresh, err := t.to.Model(ctx, m, v)
			if refused(err) {
				t.report.lost("version "+v.Version+" of model "+m.Name, "", err.Error())
				continue
			}
			if err != nil {
				return fmt.Errorf("model %s: %w", m.Name, err)
			}
			made[v.Version] = number
			if fresh {
				t.report.Models++
			}
			if number != v.Version {
				t.report.lost("the number of version "+v.Version+" of model "+m.Name, "", "it is "+number+" there")
			}
		}
		for _, alias := range slices.Sorted(maps.Keys(m.Aliases)) {
			v, ok := made[m.Aliases[alias]]
			if !ok {
				continue
			}
			if err := t.to.Alias(ctx, m.Name, alias, v); refused(err) {
				t.report.lost("alias "+alias+" of model "+m.Name, "", err.Error())
			} else if err != nil {
				return fmt.Errorf("model %s: %w", m.Name, err)
			}
		}
	}
	return nil
}
