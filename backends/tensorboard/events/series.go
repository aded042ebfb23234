package events

// Series is the values of one tag of a run. The visitor may hang its own on it.
type Series struct {
	Tag   string
	Meta  Metadata
	Class Class
	Data  any // the visitor's

	follow  *Series // what came after it the last time, and will again
	points  Points  // not yet told
	back    bool    // what was told from backTo on is to be forgotten
	backTo  int64
	last    int64 // the greatest step that stands
	rank    int   // of the file that it is from
	started bool
	dirty   bool
	odd     bool // a value that does not fit was told
}

// Points are columns of scalars. Wall is in seconds since 1970.
type Points struct {
	Step  []int64
	Wall  []float64
	Value []float64
}

// Len is the number of points.
func (p *Points) Len() int { return len(p.Step) }

func (p *Points) cut(n int) {
	p.Step, p.Wall, p.Value = p.Step[:n], p.Wall[:n], p.Value[:n]
}

// classify says what a tag's values are, from its first value: the writer's own
// word, else what its plugin always writes, else the form of the value. The names
// of plugins that older writers left out are filled in.
func (s *Series) classify(v *value) {
	if s.Meta.Plugin == "" {
		switch v.form {
		case SimpleValue:
			s.Meta.Plugin = PluginScalars
		case ImageValue:
			s.Meta.Plugin = PluginImages
			s.Meta.Content = convertedImage()
		case HistoValue:
			s.Meta.Plugin = PluginHistograms
		case AudioValue:
			s.Meta.Plugin = PluginAudio
			s.Meta.Content = convertedAudio()
		case TensorValue:
			if t, ok := parseTensor(v.body); ok && t.elements == 1 && width(t.dtype) > 0 {
				s.Meta.Plugin = PluginScalars
			}
		}
	}
	s.Class = s.Meta.Class
	if s.Class != Unknown {
		return
	}
	switch s.Meta.Plugin {
	case "":
	case PluginScalars:
		s.Class = Scalar
	case PluginImages, PluginAudio, PluginGraphs, PluginRunMetadata, "graph_run_metadata", "graph_run_metadata_graph", "graph_keras_model":
		s.Class = Blob
	default:
		s.Class = Tensor
	}
	s.Meta.Class = s.Class
}

// The plugins' own data of a tag in the older form, as TensorBoard makes it: field
// converted_to_tensor is set.
func convertedImage() []byte { return []byte{0x10, 1} }
func convertedAudio() []byte { return []byte{0x18, 1} }

// number is a value as a scalar.
func (v *value) number() (float64, bool) {
	switch v.form {
	case SimpleValue:
		return v.simple, true
	case TensorValue:
		if t, ok := parseTensor(v.body); ok {
			return t.number()
		}
	}
	return 0, false
}

// evicts says whether a value takes the place of those that stand: the run was
// preempted and went on from an earlier step. TensorBoard forgets, with each value
// of a tag, the values of that tag whose step is not smaller. An equal step within
// one file is kept here: it is a second value, not a second attempt.
func (s *Series) evicts(step int64, rank int) bool {
	return s.started && (step < s.last || step == s.last && rank > s.rank)
}

// stand notes the newest value.
func (s *Series) stand(step int64, rank int) {
	s.last, s.rank, s.started = step, rank, true
}
