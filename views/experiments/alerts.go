package experiments

import "flightdeck/backends"

// alerts is the runs that went wrong while this client was there, and that it has
// not looked at yet.
type alerts struct {
	begun  bool            // the first snapshot was seen: what it holds is no news
	unseen map[string]bool // by key; true for one that diverged
}

// learn compares two snapshots: runs that are gone or other, and those that are new
// or other.
func (a *alerts) learn(gone, fresh []*backends.Run) {
	if !a.begun {
		a.begun, a.unseen = len(fresh) > 0, map[string]bool{}
		return
	}
	was := make(map[string]*backends.Run, len(gone))
	for _, r := range gone {
		was[runKeyOf(r)] = r
	}
	for _, r := range fresh {
		k := runKeyOf(r)
		if old := was[k]; wrong(r) && (old == nil || !wrong(old)) {
			a.unseen[k] = r.Diverged != ""
		}
		delete(was, k)
	}
	for k := range was { // deleted
		delete(a.unseen, k)
	}
}

// wrong says that a run ended as nobody wanted.
func wrong(r *backends.Run) bool { return r.Diverged != "" || r.Status == backends.RunFailed }

// seen notes that a run was looked at.
func (a *alerts) seen(r *backends.Run) {
	if r != nil && len(a.unseen) > 0 {
		delete(a.unseen, runKeyOf(r))
	}
}

// Alerts implements tui.Alerting: failed runs are warnings, diverged ones cautions.
func (v *Runs) Alerts() (warnings, cautions int) {
	for _, diverged := range v.desk.alerts.unseen {
		if diverged {
			cautions++
		} else {
			warnings++
		}
	}
	return warnings, cautions
}
