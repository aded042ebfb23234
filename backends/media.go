package backends

import (
	"context"
	"io"
)

// MediaKind says what a run logged beside numbers, in TensorBoard's words.
type MediaKind string

// The kinds of media.
const (
	MediaHistogram MediaKind = "histogram"
	MediaImage     MediaKind = "image"
	MediaText      MediaKind = "text"
	MediaAudio     MediaKind = "audio"
)

// Media is one key under which a run logged something that is no number.
type Media struct {
	Kind  MediaKind `json:"kind"`
	Key   string    `json:"key"`
	Steps int       `json:"steps"` // how many moments there are
}

// Histogram is a distribution at one step. Bucket i holds Count[i] values in
// (Left[i], Right[i]]; the buckets rise and do not overlap.
type Histogram struct {
	Step  int64     `json:"step"`
	Time  int64     `json:"timestamp"` // milliseconds since 1970
	Left  []float64 `json:"left"`
	Right []float64 `json:"right"`
	Count []float64 `json:"count"`
}

// MediaItem is one thing of a media key: an image, a text. A step may have several,
// told apart by Index.
type MediaItem struct {
	Step   int64  `json:"step"`
	Time   int64  `json:"timestamp"` // milliseconds since 1970
	Index  int    `json:"index"`
	Type   string `json:"type,omitempty"` // "image/png"; "" when it is not known
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Size   int64  `json:"size"` // bytes
	Place  string `json:"-"`    // where the backend finds it again; opaque to others
}

// Capabilities around media. Answers are ordered by step, then index.
type (
	MediaLister interface {
		Media(ctx context.Context, run Ref) ([]Media, error) // by kind, then key
	}
	HistogramReader interface {
		Histograms(ctx context.Context, run Ref, key string) ([]Histogram, error)
	}
	// MediaReader lists the items of a key and opens one, as the writer encoded it.
	MediaReader interface {
		MediaItems(ctx context.Context, run Ref, kind MediaKind, key string) ([]MediaItem, error)
		OpenMedia(ctx context.Context, run Ref, item MediaItem) (io.ReadCloser, error)
	}
)
