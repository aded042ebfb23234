package backends

import "testing"

func TestTitle(t *testing.T) {
	for _, c := range []struct {
		spec JobSpec
		want string
	}{
		{JobSpec{}, ""},
		{JobSpec{Name: "brisk-otter", Command: []string{"true"}}, "brisk-otter"},
		{JobSpec{Command: []string{"/usr/bin/python3", "train.py"}}, "python3"},
		{JobSpec{Command: []string{"flightdeck"}}, "flightdeck"},
		{JobSpec{Command: []string{"flightdeck", "train", "digits", "--lr", "0.1"}}, "train digits"},
		{JobSpec{Command: []string{"/opt/bin/flightdeck", "--read-only", "ps"}}, "flightdeck"},
	} {
		if got := c.spec.Title(); got != c.want {
			t.Errorf("%+v is called %q, want %q", c.spec, got, c.want)
		}
	}
}
