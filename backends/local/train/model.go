package train

import "math"

// tensor is a named array of weights with its gradient.
type tensor struct {
	name  string
	shape []int
	w, g  []float64
	decay bool // L2 applies; not to biases
}

func newTensor(name string, decay bool, shape ...int) *tensor {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return &tensor{name: name, shape: shape, w: make([]float64, n), g: make([]float64, n), decay: decay}
}

// model is what the loop trains: it knows its samples by their place in the data.
type model interface {
	tensors() []*tensor
	// sample gives a sample's loss and the class it takes it for. With learn it
	// adds the loss's gradient to the tensors'.
	sample(i int, learn bool) (loss float64, class int)
}

func newModel(cfg Config, d *data) model {
	if cfg.Task == "sentiment" {
		return newLinear(cfg, d)
	}
	sizes := []int{len(d.pixels[0])}
	for range cfg.Depth {
		sizes = append(sizes, cfg.Width)
	}
	m := newPerceptron(append(sizes, len(d.classes)))
	m.d = d
	m.initialize(newPCG(uint64(cfg.Seed), forWeights))
	return m
}

// leak is the slope of a unit below zero. Without it a rate that is too high
// silences all units at once: the loss then stays where guessing is, and nothing
// shows what happened.
const leak = 0.01

// perceptron is fully connected layers with ReLU between them and a softmax on
// top. Weights are rows of one output each.
type perceptron struct {
	sizes []int
	w, b  []*tensor
	d     *data

	out   [][]float64 // of each layer, after ReLU
	delta [][]float64 // of the loss by each layer's sums
	probs []float64
}

func newPerceptron(sizes []int) *perceptron {
	m := &perceptron{sizes: sizes}
	for l := 1; l < len(sizes); l++ {
		name := "layers." + string(rune('0'+l-1))
		m.w = append(m.w, newTensor(name+".weight", true, sizes[l], sizes[l-1]))
		m.b = append(m.b, newTensor(name+".bias", false, sizes[l]))
		m.out = append(m.out, make([]float64, sizes[l]))
		m.delta = append(m.delta, make([]float64, sizes[l]))
	}
	m.probs = make([]float64, sizes[len(sizes)-1])
	return m
}

// initialize draws weights evenly within He's bound for ReLU.
func (m *perceptron) initialize(r *pcg) {
	for l, t := range m.w {
		bound := math.Sqrt(6 / float64(m.sizes[l]))
		for i := range t.w {
			t.w[i] = float64((float64(2*r.float()) - 1) * bound)
		}
	}
}

func (m *perceptron) tensors() []*tensor {
	var out []*tensor
	for l := range m.w {
		out = append(out, m.w[l], m.b[l])
	}
	return out
}

func (m *perceptron) sample(i int, learn bool) (float64, int) {
	x, y := m.d.pixels[i], m.d.y[i]
	m.forward(x)
	loss := softmaxLoss(m.out[len(m.out)-1], m.probs, y)
	if learn {
		m.backward(x, y)
	}
	return loss, argmax(m.out[len(m.out)-1])
}

// forward computes the outputs of all layers; the last are logits.
func (m *perceptron) forward(x []float64) {
	for l := range m.w {
		n := len(x)
		out := m.out[l]
		for o := range out {
			z := m.b[l].w[o] + dot(x, m.w[l].w[o*n:(o+1)*n])
			if z < 0 && l < len(m.w)-1 {
				z *= leak
			}
			out[o] = z
		}
		x = out
	}
}

func (m *perceptron) backward(x []float64, y int) {
	last := len(m.w) - 1
	copy(m.delta[last], m.probs)
	m.delta[last][y]--
	for l := last; l >= 0; l-- {
		in := x
		var below []float64
		if l > 0 {
			in, below = m.out[l-1], m.delta[l-1]
			clear(below)
		}
		n := len(in)
		for o, d := range m.delta[l] {
			if d == 0 {
				continue
			}
			m.b[l].g[o] += d
			addScaled(m.w[l].g[o*n:(o+1)*n], d, in)
			if l > 0 {
				addScaled(below, d, m.w[l].w[o*n:(o+1)*n])
			}
		}
		for k := range below {
			if in[k] < 0 {
				below[k] *= leak
			}
		}
	}
}

// softmaxLoss fills in the probabilities and gives the cross-entropy.
func softmaxLoss(logits, probs []float64, y int) float64 {
	high := logits[argmax(logits)]
	sum := 0.0
	for i, z := range logits {
		probs[i] = exp(z - high)
		sum += probs[i]
	}
	for i := range probs {
		probs[i] /= sum
	}
	return log(sum) - (logits[y] - high)
}

// linear is a logistic regression on the n-grams that the training texts have.
type linear struct {
	w, b     *tensor
	features []string // the name of each weight
	index    map[string]int
	n        int // longest n-gram
	x        [][]int
	y        []int
}

func newLinear(cfg Config, d *data) *linear {
	m := &linear{index: map[string]int{}, n: cfg.Ngrams, y: d.y}
	for _, i := range d.train {
		for _, g := range ngrams(d.texts[i], cfg.Ngrams) {
			if _, ok := m.index[g]; !ok {
				m.index[g] = len(m.features)
				m.features = append(m.features, g)
			}
		}
	}
	m.x = make([][]int, len(d.texts))
	for i, text := range d.texts {
		m.x[i] = m.encode(text)
	}
	m.w, m.b = newTensor("weight", true, len(m.features)), newTensor("bias", false, 1)
	return m
}

// encode gives the weights that a text's n-grams have; unknown ones have none.
func (m *linear) encode(text string) []int {
	var out []int
	for _, g := range ngrams(text, m.n) {
		if k, ok := m.index[g]; ok {
			out = append(out, k)
		}
	}
	return out
}

func (m *linear) tensors() []*tensor { return []*tensor{m.w, m.b} }

func (m *linear) logit(x []int) float64 {
	z := m.b.w[0]
	for _, k := range x {
		z += m.w.w[k]
	}
	return z
}

func (m *linear) sample(i int, learn bool) (float64, int) {
	z, y := m.logit(m.x[i]), m.y[i]
	class := 0
	if z > 0 {
		class = 1
	}
	away := z // how far on the wrong side
	if y == 1 {
		away = -z
	}
	loss := max(away, 0) + log(1+exp(-math.Abs(away)))
	if learn {
		d := sigmoid(z) - float64(y)
		m.b.g[0] += d
		for _, k := range m.x[i] {
			m.w.g[k] += d
		}
	}
	return loss, class
}

func sigmoid(z float64) float64 { return 1 / (1 + exp(-z)) }
