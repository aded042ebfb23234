package train

import "math/bits"

// pcg is PCG-XSH-RR 64/32 (M. E. O'Neill, 2014). It is our own so that the same
// seed gives the same numbers whatever the Go version.
type pcg struct{ state, inc uint64 }

// What numbers are drawn for. Each use has its own stream: drawing more for one
// leaves the others as they were.
const (
	forSplit uint64 = iota + 1
	forText
	forNoise
	forWeights
	forOrder // plus the epoch
)

func newPCG(seed, stream uint64) *pcg {
	p := &pcg{inc: stream<<1 | 1}
	p.uint32()
	p.state += seed
	p.uint32()
	return p
}

func (p *pcg) uint32() uint32 {
	old := p.state
	p.state = old*6364136223846793005 + p.inc
	return bits.RotateLeft32(uint32((old>>18^old)>>27), -int(old>>59))
}

// float is in [0, 1) with 53 random bits.
func (p *pcg) float() float64 {
	hi, lo := uint64(p.uint32()), uint64(p.uint32())
	return float64((hi<<32|lo)>>11) / (1 << 53)
}

// below is in [0, n) without bias.
func (p *pcg) below(n int) int {
	bound := uint32(n)
	for floor := -bound % bound; ; {
		if r := p.uint32(); r >= floor {
			return int(r % bound)
		}
	}
}

func (p *pcg) shuffle(v []int) {
	for i := len(v) - 1; i > 0; i-- {
		j := p.below(i + 1)
		v[i], v[j] = v[j], v[i]
	}
}
