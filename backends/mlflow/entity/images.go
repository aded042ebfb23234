package entity

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
)

// imageFolder is where mlflow.log_image(key=…, step=…) puts its files, as
// <key>%step%<n>%timestamp%<ms>%<uuid>.png with # for the key's slashes (2.x), or
// <key>+step+<n>+timestamp+<ms>+<uuid>.png with ~ for them (3.x). Beside each lies a
// small copy, …compressed.webp. Source: mlflow/tracking/client.py, log_image.
const imageFolder = "images"

// image is a file that log_image wrote.
type image struct {
	key        string
	step, time int64
}

func parseImage(p string) (image, bool) {
	dir, name := path.Split(p)
	if dir != imageFolder+"/" || path.Ext(name) != ".png" {
		return image{}, false
	}
	name = strings.TrimSuffix(name, ".png")
	for _, form := range [...]struct{ sep, slash string }{{"+", "~"}, {"%", "#"}} {
		// from the right: a key may hold the separator
		parts := strings.Split(name, form.sep)
		n := len(parts)
		if n < 6 || parts[n-5] != "step" || parts[n-3] != "timestamp" {
			continue
		}
		step, stepErr := strconv.ParseInt(parts[n-4], 10, 64)
		ms, timeErr := strconv.ParseInt(parts[n-2], 10, 64)
		key := strings.ReplaceAll(strings.Join(parts[:n-5], form.sep), form.slash, "/")
		if stepErr == nil && timeErr == nil && key != "" {
			return image{key, step, ms}, true
		}
	}
	return image{}, false
}

// Media is the images among a run's artifacts, by key.
func Media(files []backends.Artifact) []backends.Media {
	steps := map[string]map[int64]bool{}
	for _, f := range files {
		if im, ok := parseImage(f.Path); ok {
			if steps[im.key] == nil {
				steps[im.key] = map[int64]bool{}
			}
			steps[im.key][im.step] = true
		}
	}
	var out []backends.Media
	for key, s := range steps {
		out = append(out, backends.Media{Kind: backends.MediaImage, Key: key, Steps: len(s)})
	}
	slices.SortFunc(out, func(a, b backends.Media) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// MediaItems is the images of one key, whose Place is the artifact's path.
func MediaItems(files []backends.Artifact, kind backends.MediaKind, key string) []backends.MediaItem {
	var out []backends.MediaItem
	if kind != backends.MediaImage {
		return nil
	}
	for _, f := range files {
		if im, ok := parseImage(f.Path); ok && im.key == key {
			out = append(out, backends.MediaItem{Step: im.step, Time: im.time, Type: "image/png", Size: f.Size, Place: f.Path})
		}
	}
	slices.SortFunc(out, func(a, b backends.MediaItem) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Time, b.Time), strings.Compare(a.Place, b.Place))
	})
	for i := 1; i < len(out); i++ {
		if out[i].Step == out[i-1].Step {
			out[i].Index = out[i-1].Index + 1
		}
	}
	return out
}
