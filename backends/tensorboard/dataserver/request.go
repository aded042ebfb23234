package dataserver

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// request is any request of the service: they have the same fields under the same
// numbers.
type request struct {
	experiment string
	plugin     string
	filtered   bool // a plugin is asked for
	runs, tags *[]string
	thin       bool // points is set
	points     int64
}

var errBroken = invalid("the request is no message")

func parseRequest(b []byte) (*request, error) {
	q := &request{}
	ok := walk(b, func(num protowire.Number, v []byte, _ uint64) {
		switch num {
		case 1:
			q.experiment = string(v)
		case 2:
			q.filtered = true
			walk(v, func(num protowire.Number, v []byte, _ uint64) {
				if num == 1 {
					q.plugin = string(v)
				}
			})
		case 3:
			walk(v, func(num protowire.Number, v []byte, _ uint64) {
				names := []string{}
				walk(v, func(num protowire.Number, v []byte, _ uint64) {
					if num == 1 {
						names = append(names, string(v))
					}
				})
				switch num {
				case 1:
					q.runs = &names
				case 2:
					q.tags = &names
				}
			})
		case 4:
			q.thin = true
			walk(v, func(num protowire.Number, _ []byte, n uint64) {
				if num == 1 {
					q.points = int64(n)
				}
			})
		}
	})
	if !ok {
		return nil, errBroken
	}
	return q, nil
}

// walk calls f with each field: its bytes, or its number.
func walk(b []byte, f func(num protowire.Number, v []byte, n uint64)) bool {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		b = b[n:]
		switch kind {
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return false
			}
			f(num, v, 0)
			b = b[n:]
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return false
			}
			f(num, nil, v)
			b = b[n:]
		default:
			n := protowire.ConsumeFieldValue(num, kind, b)
			if n < 0 {
				return false
			}
			b = b[n:]
		}
	}
	return true
}

// wants says whether a name passes a filter. A filter without names lets none pass.
func wants(filter *[]string, name string) bool {
	return filter == nil || slices.Contains(*filter, name)
}

// complete sees that what every listing and reading needs is there.
func (q *request) complete(reads bool) error {
	switch {
	case !q.filtered || q.plugin == "":
		return invalid("must specify non-empty plugin name")
	case reads && !q.thin:
		return invalid("must specify downsample")
	case q.points < 0:
		return invalid("num_points must be non-negative; got %d", q.points)
	}
	return nil
}
