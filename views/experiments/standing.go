package experiments

import "flightdeck/backends"

// How large a share of the listed runs has a key.
const (
	usual = iota // half of them or more
	some         // a third
	seldom
	none
)

// standing is how metrics and params stood when they were last looked at.
type standing struct{ metrics, params shares }

// shares is usual, some, seldom or none by key. A key that has once come up must fall
// well below the bound to go down again: columns do not jump while runs come in one
// by one.
type shares map[string]int

// learn looks at keys anew, of which n runs could have each.
func (s *shares) learn(keys []*keyCount, listed *keyCounts, n int) shares {
	now := make(shares, len(keys))
	for _, k := range keys {
		was, known := (*s)[k.key]
		if !known {
			was = none
		}
		has := 0
		if c := listed.by[k.key]; c != nil {
			has = c.n
		}
		switch {
		case has <= 0:
			now[k.key] = none
		case has*2 >= n, was == usual && has*5 >= n*2:
			now[k.key] = usual
		case has*3 >= n, was <= some && has*4 >= n:
			now[k.key] = some
		default:
			now[k.key] = seldom
		}
	}
	*s = now
	return now
}

// count is the keys that runs have.
func count(runs []*backends.Run) *tally {
	t := &tally{}
	for _, r := range runs {
		t.count(r, 1)
	}
	return t
}
