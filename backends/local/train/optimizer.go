package train

import "math"

// Adam's constants.
const (
	adamBeta1 = 0.9
	adamBeta2 = 0.999
	adamTiny  = 1e-8
)

// optimizer changes weights by their gradients. m and v are its memory, one array
// for each tensor: the velocity of sgd, the two moments of adam.
type optimizer struct {
	adam     bool
	momentum float64
	l2       float64
	params   []*tensor
	m, v     [][]float64
	b1, b2   float64 // the betas to the power of the steps so far
}

func newOptimizer(cfg Config, params []*tensor) *optimizer {
	o := &optimizer{adam: cfg.Optimizer == "adam", momentum: cfg.Momentum, l2: cfg.L2, params: params, b1: 1, b2: 1}
	for _, p := range params {
		o.m = append(o.m, make([]float64, len(p.w)))
		if o.adam {
			o.v = append(o.v, make([]float64, len(p.w)))
		}
	}
	return o
}

// step applies the gradients of n samples and clears them.
func (o *optimizer) step(rate float64, n int) {
	o.b1 *= adamBeta1
	o.b2 *= adamBeta2
	scale := 1 / float64(n)
	for k, p := range o.params {
		for i := range p.g {
			p.g[i] *= scale
		}
		if p.decay && o.l2 > 0 {
			addScaled(p.g, o.l2, p.w)
		}
		if o.adam {
			o.adamStep(p, o.m[k], o.v[k], rate)
		} else {
			o.sgdStep(p, o.m[k], rate)
		}
		clear(p.g)
	}
}

func (o *optimizer) sgdStep(p *tensor, m []float64, rate float64) {
	for i, g := range p.g {
		m[i] = float64(o.momentum*m[i]) + g
		p.w[i] -= float64(rate * m[i])
	}
}

func (o *optimizer) adamStep(p *tensor, m, v []float64, rate float64) {
	for i, g := range p.g {
		m[i] = float64(adamBeta1*m[i]) + float64((1-adamBeta1)*g)
		v[i] = float64(adamBeta2*v[i]) + float64((1-adamBeta2)*float64(g*g))
		p.w[i] -= float64(rate*(m[i]/(1-o.b1))) / (math.Sqrt(v[i]/(1-o.b2)) + adamTiny)
	}
}

// rateAt is the learning rate of an epoch, counted from 0.
func rateAt(cfg Config, epoch int) float64 {
	if cfg.Schedule != "cosine" {
		return cfg.Rate
	}
	return float64(cfg.Rate * (float64(0.5*cosine(math.Pi*float64(epoch)/float64(cfg.Epochs))) + 0.5))
}

// cosine of 0 to π, by its series around π/2, for the reason that exp has.
func cosine(x float64) float64 {
	r := x - math.Pi/2
	r2 := float64(r * r)
	sum := 1.0
	for n := 21.0; n >= 3; n -= 2 {
		sum = 1 - float64(sum*r2)/float64(n*(n-1))
	}
	return -float64(r * sum)
}
