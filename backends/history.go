package backends

import "sync"

// History is the growing sequence of one metric's points, shared by every client
// that looks at it. Points are only ever appended; a reader takes Points once and
// owns that view for as long as it likes, without copying.
type History struct {
	Key string

	mu sync.RWMutex
	p  Points
}

// Points are columns of equal length. They are views of shared memory: read, do
// not write. Time is in milliseconds since 1970.
type Points struct {
	Step  []int64
	Time  []int64
	Value []float64
}

// Len is the number of points.
func (p Points) Len() int { return len(p.Value) }

// From is the points from sequence number i on.
func (p Points) From(i int) Points {
	i = min(i, len(p.Value))
	return Points{Step: p.Step[i:], Time: p.Time[i:], Value: p.Value[i:]}
}

// Points is the history so far. The view stays valid and unchanged while the
// history grows.
func (h *History) Points() Points {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n := len(h.p.Value)
	return Points{Step: h.p.Step[:n:n], Time: h.p.Time[:n:n], Value: h.p.Value[:n:n]}
}

// Len is the number of points so far.
func (h *History) Len() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.p.Value)
}

// Append adds points at the end. Only the backend that owns the history calls it.
func (h *History) Append(p Points) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.p.Step = append(h.p.Step, p.Step...)
	h.p.Time = append(h.p.Time, p.Time...)
	h.p.Value = append(h.p.Value, p.Value...)
}
