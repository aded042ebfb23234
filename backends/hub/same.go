package hub

import (
	"math"
	"reflect"

	"flightdeck/backends"
)

// deepest is how far values are compared; what lies deeper counts as changed.
const deepest = 8

// identical reports whether two answers are the same by value, where pointers are
// the same when they point at the same thing. Nothing is followed through a
// pointer: snapshots are immutable, so another pointer is another row, and a
// shared History may be growing at this moment.
func identical(a, b any) bool { return alike(reflect.ValueOf(a), reflect.ValueOf(b), deepest) }

func alike(a, b reflect.Value, depth int) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() || depth == 0 {
		return false
	}
	switch a.Kind() {
	case reflect.Slice:
		if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
			return false
		}
		return a.Len() == 0 || a.UnsafePointer() == b.UnsafePointer() || alikeElems(a, b, depth)
	case reflect.Array:
		return alikeElems(a, b, depth)
	case reflect.Struct:
		for i := range a.NumField() {
			if !alike(a.Field(i), b.Field(i), depth-1) {
				return false
			}
		}
		return true
	case reflect.Map:
		return alikeMaps(a, b, depth)
	case reflect.Interface:
		return alike(a.Elem(), b.Elem(), depth-1)
	case reflect.Float32, reflect.Float64: // a NaN is itself
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Func:
		return a.IsNil() && b.IsNil()
	}
	return a.Equal(b)
}

func alikeElems(a, b reflect.Value, depth int) bool {
	for i := range a.Len() {
		if !alike(a.Index(i), b.Index(i), depth-1) {
			return false
		}
	}
	return true
}

func alikeMaps(a, b reflect.Value, depth int) bool {
	if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
		return false
	}
	if a.UnsafePointer() == b.UnsafePointer() {
		return true
	}
	for it := a.MapRange(); it.Next(); {
		if !alike(it.Value(), b.MapIndex(it.Key()), depth-1) {
			return false
		}
	}
	return true
}

// points counts what the histories in an answer hold. A History grows in place
// behind the same pointer, and its length is how that is seen.
func points(v any) int { return count(reflect.ValueOf(v), deepest) }

func count(v reflect.Value, depth int) (n int) {
	if !v.IsValid() || depth == 0 || !mayGrow(v.Type(), depth) {
		return 0
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = (*backends.History)(v.UnsafePointer()).Len()
		}
	case reflect.Interface:
		n = count(v.Elem(), depth-1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			n += count(v.Index(i), depth-1)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			n += count(it.Value(), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += count(v.Field(i), depth-1)
		}
	}
	return n
}

// mayGrow reports whether a value of type t can hold a History, so that rows that
// cannot are not walked.
func mayGrow(t reflect.Type, depth int) bool {
	if depth == 0 {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer:
		return t == reflect.TypeFor[*backends.History]()
	case reflect.Interface:
		return true
	case reflect.Slice, reflect.Array, reflect.Map:
		return mayGrow(t.Elem(), depth-1)
	case reflect.Struct:
		for i := range t.NumField() {
			if mayGrow(t.Field(i).Type, depth-1) {
				return true
			}
		}
	}
	return false
}
