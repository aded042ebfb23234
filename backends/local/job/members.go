package job

import (
	"flightdeck/backends/local/job/proc"
)

// crew is the processes that belong to one job: the child, all that descends from
// it, and strays that left the tree but still carry the job's id.
type crew struct {
	id            string
	keeper, child proc.Identity
	// everywhere looks for strays in all of /proc. While the keeper lives they are its
	// descendants, since it is their subreaper, so that only who must find all asks.
	everywhere bool
}

// list gives the live processes of the job. A job that this one started is not of
// it, though its keeper is a descendant: it is a job of its own.
func (c crew) list() ([]proc.Stat, error) {
	t, err := proc.Scan()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	var out []proc.Stat
	add := func(s proc.Stat) bool {
		if seen[s.PID] || !c.owns(s) {
			return false
		}
		seen[s.PID] = true
		out = append(out, s)
		return true
	}
	if s, ok := t.Find(c.child); ok && add(s) {
		t.Descend(s.PID, add)
	}
	keeper, alive := t.Find(c.keeper)
	if alive {
		t.Descend(keeper.PID, add)
	}
	if c.everywhere || !alive {
		t.All(func(s proc.Stat) {
			if id, ok := proc.EnvironOf(s.PID).Lookup(envJob); ok && id == c.id && add(s) {
				t.Descend(s.PID, add)
			}
		})
	}
	return out, nil
}

// owns tells a process of this job from a keeper, a supervisor and the processes of
// another job.
func (c crew) owns(s proc.Stat) bool {
	env := proc.EnvironOf(s.PID)
	if _, keeper := env.Lookup(envKeeper); keeper {
		return false
	}
	id, ok := env.Lookup(envJob)
	return !ok || id == c.id
}

func identity(s proc.Stat, boot string) proc.Identity {
	return proc.Identity{PID: s.PID, Start: s.Start, Boot: boot}
}
