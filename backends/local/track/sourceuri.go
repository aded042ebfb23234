package track

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// uri is one cut as Python's urlsplit cuts it.
type uri struct{ scheme, host, path string }

func parseURI(s string) (u uri) {
	if scheme, rest, ok := strings.Cut(s, ":"); ok && isScheme(scheme) {
		u.scheme, s = strings.ToLower(scheme), rest
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		n := strings.IndexAny(rest, "/?#")
		if n < 0 {
			n = len(rest)
		}
		u.host, s = rest[:n], rest[n:]
	}
	if n := strings.IndexAny(s, "?#"); n >= 0 {
		s = s[:n]
	}
	u.path = s
	return u
}

func isScheme(s string) bool {
	for i, r := range s {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	return s != ""
}

// local reports whether the URI names a file of whoever reads it.
func (u uri) local() bool { return u.scheme == "" || u.scheme == "file" }

// parts are what two URIs are compared by: every part of the path unescaped.
func (u uri) parts() []string {
	var out []string
	for p := range strings.SplitSeq(u.path, "/") {
		if p != "" {
			out = append(out, unescaped(p, url.PathUnescape))
		}
	}
	return out
}

// unescaped takes away all layers of escapes.
func unescaped(s string, f func(string) (string, error)) string {
	for {
		next, err := f(s)
		if err != nil || next == s {
			return s
		}
		s = next
	}
}

func within(source, root string) bool {
	s, r := parseURI(source), parseURI(root)
	sp, rp := s.parts(), r.parts()
	return s.scheme == r.scheme && strings.EqualFold(s.host, r.host) && len(rp) > 0 && len(sp) >= len(rp) && slices.Equal(sp[:len(rp)], rp)
}

// proxied reports whether the source is a file that a tracking server hands out.
func proxied(source string) bool {
	u := parseURI(source)
	return u.scheme == "mlflow-artifacts" ||
		(u.scheme == "http" || u.scheme == "https") && strings.Contains("/"+strings.Join(u.parts(), "/")+"/", "/api/2.0/mlflow-artifacts/artifacts/")
}

// straight refuses a URI whose path leads anywhere but straight down.
func straight(source string) error {
	plain := unescaped(source, url.QueryUnescape)
	p := regexp.MustCompile(`/+`).ReplaceAllString(strings.TrimRight(parseURI(plain).path, "/"), "/")
	if strings.Contains(p, "\x00") || slices.Contains(strings.Split(plain, "/"), "..") || !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		return refuse("Invalid model version source: '%s'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri,"+
			" an absolute path must be provided without relative path references present. Please provide an absolute path.", source)
	}
	return nil
}

// remote are the schemes that make a server connect to a host of the sender's choice.
func remote(u uri) bool {
	switch u.scheme {
	case "ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss":
		return true
	}
	return u.scheme == "mlflow-artifacts" && u.host != ""
}

// modelRef is what a models:/ URI means: a logged model, or a version of a registered
// one by number, stage or alias, or the newest.
type modelRef struct{ id, name, version, stage, alias string }

func parseModelRef(s string) (r modelRef, ok bool) {
	p := parseURI(s).path
	if !strings.HasPrefix(p, "/") {
		return r, false
	}
	parts := strings.Split(strings.TrimLeft(p, "/"), "/")
	if len(parts) > 2 || strings.TrimSpace(parts[0]) == "" || len(parts) == 2 && strings.TrimSpace(parts[1]) == "" {
		return r, false
	}
	name := parts[0]
	if len(parts) == 2 {
		r.name = name
		switch suffix := parts[1]; {
		case strings.Trim(suffix, "0123456789") == "":
			r.version = suffix
		case !strings.EqualFold(suffix, "latest"):
			r.stage = suffix
		}
		return r, true
	}
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		r.name, r.alias = name[:i], name[i+1:]
		return r, strings.TrimSpace(r.alias) != ""
	}
	r.id = name
	return r, true
}
