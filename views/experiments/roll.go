package experiments

import "flightdeck/backends"

// roll is the runs of the last snapshot, and what is counted over them.
type roll struct {
	runs        []*backends.Run
	byKey       map[string]*backends.Run
	experiments map[string]int // runs by the experiment's name
	sources     map[string]int // runs by the backend's name
	active      int
	tally       tally
}

// set takes a snapshot over, which must not change afterwards. It says whether it
// differs from the one before, which runs of that are gone or other than they were,
// and which runs in this are new or other.
func (l *roll) set(runs []*backends.Run) (changed bool, gone, fresh []*backends.Run) {
	if len(runs) == len(l.runs) && (len(runs) == 0 || &runs[0] == &l.runs[0]) {
		return false, nil, nil
	}
	if l.byKey == nil {
		l.byKey, l.experiments = make(map[string]*backends.Run, len(runs)), map[string]int{}
		l.sources = map[string]int{}
	}
	gone, fresh = changes(l.runs, runs)
	l.runs = runs
	for _, r := range gone {
		delete(l.byKey, runKeyOf(r))
		l.count(r, -1)
	}
	for _, r := range fresh {
		l.byKey[runKeyOf(r)] = r
		l.count(r, 1)
	}
	return true, gone, fresh
}

func (l *roll) count(r *backends.Run, by int) {
	if l.experiments[r.ExpName] += by; l.experiments[r.ExpName] == 0 {
		delete(l.experiments, r.ExpName)
	}
	if l.sources[r.Backend] += by; l.sources[r.Backend] == 0 {
		delete(l.sources, r.Backend)
	}
	if r.Active() {
		l.active += by
	}
	l.tally.count(r, by)
}

// experiment is the one that all runs share, if they do.
func (l *roll) experiment() string {
	if len(l.experiments) != 1 {
		return ""
	}
	for name := range l.experiments {
		if name != "Default" {
			return name
		}
	}
	return ""
}

// pick is the runs with these keys that are still there, in the order of the keys.
func (l *roll) pick(keys []string) []*backends.Run {
	var out []*backends.Run
	for _, k := range keys {
		if r := l.byKey[k]; r != nil {
			out = append(out, r)
		}
	}
	return out
}

// few is how many rows may differ in place before the two snapshots are compared
// as sets: then rows have moved.
const few = 256

// changes is the runs that are in old alone, and those that are in now alone. Runs
// are immutable, so the same pointer is the same run.
func changes(old, now []*backends.Run) (gone, fresh []*backends.Run) {
	n, from, tail := min(len(old), len(now)), 0, 0
	for from < n && old[from] == now[from] {
		from++
	}
	for tail < n-from && old[len(old)-1-tail] == now[len(now)-1-tail] {
		tail++
	}
	old, now = old[from:len(old)-tail], now[from:len(now)-tail]
	if len(old) == 0 || len(now) == 0 {
		return old, append(fresh, now...)
	}
	if len(old) == len(now) {
		for i := range now {
			if old[i] != now[i] {
				gone, fresh = append(gone, old[i]), append(fresh, now[i])
			}
		}
		if len(fresh) <= few {
			return gone, fresh
		}
	}
	return without(old, now), without(now, old)
}

// without is the runs of a that are not in b.
func without(a, b []*backends.Run) []*backends.Run {
	in := make(map[*backends.Run]struct{}, len(b))
	for _, r := range b {
		in[r] = struct{}{}
	}
	var out []*backends.Run
	for _, r := range a {
		if _, ok := in[r]; !ok {
			out = append(out, r)
		}
	}
	return out
}
