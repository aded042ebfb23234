package backends

import (
	"context"
	"io"
	"strconv"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Artifact is one file of a run.
type Artifact struct {
	Path   string    `json:"path"` // slash-separated, relative, clean
	Size   int64     `json:"size"`
	Digest string    `json:"digest"` // "sha256:…"; "" where it would have to be worked out from a file that is others'
	Time   time.Time `json:"time"`
}

// RegisteredModel is a named line of versions.
type RegisteredModel struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Created     time.Time         `json:"created"`
	Updated     time.Time         `json:"updated"`
	Tags        []Tag             `json:"tags,omitempty"`
	Aliases     map[string]string `json:"aliases,omitempty"` // alias → version
	Versions    []ModelVersion    `json:"versions,omitempty"`
	Backend     string            `json:"backend"`
}

// Stages of a model version, as MLflow spells them. MLflow itself advises aliases now.
const (
	StageNone       = "None"
	StageStaging    = "Staging"
	StageProduction = "Production"
	StageArchived   = "Archived"
)

// ModelVersion is one registered artifact of one run.
type ModelVersion struct {
	Model       string    `json:"name"`
	Version     string    `json:"version"` // "1", "2" …
	Description string    `json:"description,omitempty"`
	Run         string    `json:"run_id"`
	Source      string    `json:"source"` // artifact path within the run, or a URI: runs:/…, models:/m-…
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated,omitzero"`
	Stage       string    `json:"stage,omitempty"`
	RunLink     string    `json:"run_link,omitempty"`
	Logged      string    `json:"model_id,omitempty"` // the logged model that this is a version of
	Place       string    `json:"-"`                  // URI of its files when that is not Source
	NoText      bool      `json:"-"`                  // Description was taken away, which MLflow tells from empty
	Tags        []Tag     `json:"tags,omitempty"`
	Aliases     []string  `json:"aliases,omitempty"`
}

// Capabilities around artifacts and models.
type (
	ArtifactLister interface {
		Artifacts(ctx context.Context, run Ref) ([]Artifact, error)
	}
	// ArtifactOpener reads an artifact. Callers read what they need and close.
	ArtifactOpener interface {
		OpenArtifact(ctx context.Context, run Ref, path string) (io.ReadCloser, error)
	}
	ModelLister interface {
		Models(context.Context) ([]RegisteredModel, error)
	}
	// ModelRegistrar makes a new version of a registered model out of a run's artifact.
	ModelRegistrar interface {
		PlanRegister(ctx context.Context, run Ref, model, artifact string) (Plan, error)
	}
	ModelAliaser interface {
		PlanAlias(ctx context.Context, model, version, alias string) (Plan, error) // version "" removes the alias
	}
)
