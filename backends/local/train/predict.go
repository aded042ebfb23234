package train

import (
	"encoding/json"
	"fmt"
)

// modelConfig is the artifact model/config.json: with the weights, all that
// prediction needs.
type modelConfig struct {
	Task     string   `json:"task"`
	Classes  []string `json:"classes"`
	Layers   []int    `json:"layers,omitempty"`   // digits: sizes from pixels to classes, ReLU between
	Scale    float64  `json:"scale,omitempty"`    // digits: the pixel value that is 1
	Ngrams   int      `json:"ngrams,omitempty"`   // sentiment
	Features []string `json:"features,omitempty"` // sentiment: the n-gram of each weight
}

// export gives the files of the trained model.
func (t *trainer) export() (config, weights []byte, err error) {
	c := modelConfig{Task: t.cfg.Task, Classes: t.data.classes}
	switch m := t.model.(type) {
	case *perceptron:
		c.Layers, c.Scale = m.sizes, greys
	case *linear:
		c.Ngrams, c.Features = m.n, m.features
	}
	if config, err = json.MarshalIndent(c, "", " "); err != nil {
		return nil, nil, fmt.Errorf("write model: %w", err)
	}
	var arrays []array
	for _, p := range t.model.tensors() {
		arrays = append(arrays, array{p.name, p.shape, p.w})
	}
	if weights, err = encodeTensors(arrays, map[string]string{"format": "flightdeck", "task": t.cfg.Task}); err != nil {
		return nil, nil, fmt.Errorf("write model: %w", err)
	}
	return append(config, '\n'), weights, nil
}

// Model is a trained model. It is not for concurrent use; Load it once for each
// goroutine.
type Model struct {
	config modelConfig
	digits *perceptron
	words  *linear
}

// Load makes a model of the artifacts model/config.json and model/model.safetensors.
func Load(config, weights []byte) (*Model, error) {
	m := &Model{}
	if err := json.Unmarshal(config, &m.config); err != nil {
		return nil, fmt.Errorf("load model: config: %w", err)
	}
	arrays, _, err := decodeTensors(weights)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	params, err := m.build()
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	for _, p := range params {
		if a := arrays[p.name]; len(a.w) != len(p.w) {
			return nil, fmt.Errorf("load model: %d weights in %s, the config has %d", len(a.w), p.name, len(p.w))
		}
		copy(p.w, arrays[p.name].w)
	}
	return m, nil
}

// maxWeights bounds what a config can make Load allocate.
const maxWeights = 1 << 22

func (m *Model) build() ([]*tensor, error) {
	c := m.config
	switch c.Task {
	case "digits":
		total := 0
		for i, n := range c.Layers {
			if n < 1 || n > maxWeights || i > 8 {
				return nil, fmt.Errorf("layers %v", c.Layers)
			}
			if i > 0 {
				total += n * c.Layers[i-1]
			}
			if total > maxWeights {
				return nil, fmt.Errorf("layers %v are too large", c.Layers)
			}
		}
		if len(c.Layers) < 2 || c.Layers[len(c.Layers)-1] != len(c.Classes) || c.Scale <= 0 {
			return nil, fmt.Errorf("layers %v for %d classes", c.Layers, len(c.Classes))
		}
		m.digits = newPerceptron(c.Layers)
		return m.digits.tensors(), nil
	case "sentiment":
		if len(c.Classes) != 2 || c.Ngrams < 1 {
			return nil, fmt.Errorf("%d classes and %d-grams", len(c.Classes), c.Ngrams)
		}
		m.words = &linear{index: map[string]int{}, n: c.Ngrams, w: newTensor("weight", true, len(c.Features)), b: newTensor("bias", false, 1)}
		for i, f := range c.Features {
			m.words.index[f] = i
		}
		return m.words.tensors(), nil
	}
	return nil, fmt.Errorf("unknown task %q", c.Task)
}

// Task is what the model was trained for.
func (m *Model) Task() string { return m.config.Task }

// Classes are the names of what the probabilities are of.
func (m *Model) Classes() []string { return m.config.Classes }

// Pixels gives the probability of each class for an image of digits, whose pixels
// are 0 to 16, row by row.
func (m *Model) Pixels(image []float64) ([]float64, error) {
	if m.digits == nil {
		return nil, fmt.Errorf("a model of %s takes no pixels", m.config.Task)
	}
	if want := m.config.Layers[0]; len(image) != want {
		return nil, fmt.Errorf("an image of %d pixels, not %d", len(image), want)
	}
	x := make([]float64, len(image))
	for i, v := range image {
		x[i] = v / m.config.Scale
	}
	m.digits.forward(x)
	probs := make([]float64, len(m.config.Classes))
	softmaxLoss(m.digits.out[len(m.digits.out)-1], probs, 0)
	return probs, nil
}

// Text gives the probability of each class for a text.
func (m *Model) Text(text string) ([]float64, error) {
	if m.words == nil {
		return nil, fmt.Errorf("a model of %s takes no text", m.config.Task)
	}
	p := sigmoid(m.words.logit(m.words.encode(text)))
	return []float64{1 - p, p}, nil
}
