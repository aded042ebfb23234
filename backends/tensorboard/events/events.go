// Package events reads TensorBoard's event files: the records of a file, the
// events in them, and the files of one folder together as the series of a run.
//
// A file is a sequence of TFRecords (record.go), each an Event message
// (event.go), most of which carry a Summary of tagged values. Messages are walked
// in place and never built (wire.go): a record costs no allocation, and a tag is
// looked up once. Run (run.go) puts the files of a folder together, remembers the
// metadata that only a tag's first value carries, and hands scalars over in
// columns. What is no number is told with its place in the file and is not kept.
//
// The formats are TensorFlow's: record_writer, event.proto, summary.proto,
// tensor.proto, and hparams' plugin_data.proto.
package events

import (
	"path/filepath"
	"strings"
)

// IsFile says whether a file of this name holds events, as TensorBoard decides it.
func IsFile(name string) bool {
	name = filepath.Base(name)
	return strings.Contains(name, "tfevents") && !strings.HasSuffix(name, ".profile-empty")
}

// Class is what kind of data the values of a tag are.
type Class uint8

// The classes, in the order of SummaryMetadata.data_class.
const (
	Unknown Class = iota
	Scalar
	Tensor
	Blob // a sequence of byte strings: images, audio, graphs
)

// Form is which member of a summary value's oneof is set. The numbers are the
// field's.
type Form uint8

// The forms of a value.
const (
	None        Form = 0 // metadata alone: hparams
	SimpleValue Form = 2
	ImageValue  Form = 4
	HistoValue  Form = 5
	AudioValue  Form = 6
	TensorValue Form = 8
	RawBytes    Form = 255 // not of a summary: a graph
)

// Plugins whose data this package knows the shape of.
const (
	PluginScalars     = "scalars"
	PluginHistograms  = "histograms"
	PluginImages      = "images"
	PluginAudio       = "audio"
	PluginText        = "text"
	PluginHParams     = "hparams"
	PluginGraphs      = "graphs"
	PluginRunMetadata = "graph_tagged_run_metadata"
)

// GraphTag is the tag under which the graph of a run is listed.
const GraphTag = "__run_graph__"

// Datum is one value that is no scalar. Body is valid until the call returns; the
// same bytes lie in the file at Place.
type Datum struct {
	Step  int64
	Wall  float64 // seconds since 1970
	Form  Form
	Body  []byte
	Place Place
	// Content is the plugin's own data, of this value or, where it has none, of the
	// tag's first: all that a value of the hparams plugin has.
	Content []byte
}

// Place is where bytes lie: in which file of the run's folder, and where in it.
type Place struct {
	File   string // its name in the folder
	Offset int64
	Length int64
}
