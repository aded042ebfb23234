package track

import (
	"cmp"
	"math"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/query"
)

type loggedLess = func(a, b *backends.LoggedModel) int

func loggedOrders(order []loggedOrder) ([]loggedLess, error) {
	var by []loggedLess
	stamped, named := false, false
	for _, o := range order {
		desc := o.Ascending != nil && !*o.Ascending
		entity, key, dotted := strings.Cut(o.Field, ".")
		switch {
		case dotted && entity != "metrics":
			return nil, refuse("Invalid order by field name: %s. Only metrics are supported.", o.Field)
		case dotted:
			by = append(by, metricOrder(key, o, desc))
			continue
		}
		column, err := query.LoggedColumn(o.Field)
		if err != nil {
			return nil, &apiError{noAttribute, "Invalid order by field name: " + o.Field}
		}
		stamped, named = stamped || column == "creation_timestamp_ms", named || column == "model_id"
		by = append(by, directed(func(x, y *backends.LoggedModel) int {
			xt, xn := (*api)(nil).loggedAttr(x, column)
			yt, yn := (*api)(nil).loggedAttr(y, column)
			return cmp.Or(strings.Compare(xt, yt), cmp.Compare(xn, yn))
		}, desc))
	}
	if !stamped {
		by = append(by, func(a, b *backends.LoggedModel) int { return b.Created.Compare(a.Created) })
	}
	if !named {
		by = append(by, func(a, b *backends.LoggedModel) int { return strings.Compare(a.ID, b.ID) })
	}
	return by, nil
}

// metricOrder compares by the latest value of a metric; a model that has none is last
// in either direction.
func metricOrder(key string, o loggedOrder, desc bool) loggedLess {
	return func(a, b *backends.LoggedModel) int {
		x, okX := latestOf(a, key, o)
		y, okY := latestOf(b, key, o)
		switch {
		case okX != okY && okX:
			return -1
		case okX != okY:
			return 1
		case desc:
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	}
}

// latestOf is the value of the greatest time, then step, then of the first run.
func latestOf(m *backends.LoggedModel, key string, o loggedOrder) (float64, bool) {
	var best *backends.ModelMetric
	for i := range m.Metrics {
		p := &m.Metrics[i]
		if p.Key != key || o.Name != "" && p.Dataset != o.Name || o.Digest != "" && p.Digest != o.Digest {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(p.Time, best.Time), cmp.Compare(p.Step, best.Step), strings.Compare(best.Run, p.Run)) > 0 {
			best = p
		}
	}
	if best == nil || math.IsNaN(best.Value) {
		return 0, false
	}
	return best.Value, true
}
