package store

import (
	"encoding/json"
	"reflect"
	"testing"
)

func equal[T any](t testing.TB, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Fatalf("got %s\nwant %s\n(got %#v want %#v)", g, w, got, want)
	}
}
