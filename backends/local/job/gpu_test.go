package job

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"flightdeck/backends"
)

// As nvidia-smi prints them with --format=csv,noheader,nounits.
const (
	twoGPUs = `0, GPU-5a1c9c2e-2f54-11ee-be56-0242ac120002, NVIDIA A100-SXM4-80GB, 87, 40536, 81920, 312.44, 61
1, GPU-77aa0b1c-2f54-11ee-be56-0242ac120002, NVIDIA A100-SXM4-80GB, 0, 3, 81920, 51.20, 30
`
	apps = `4121, GPU-5a1c9c2e-2f54-11ee-be56-0242ac120002
977, GPU-77aa0b1c-2f54-11ee-be56-0242ac120002
`
	small = `0, GPU-1, NVIDIA GeForce MX150, [N/A], 120, 2002, [Not Supported], 48` + "\n"
)

func TestParseGPUs(t *testing.T) {
	a100 := backends.GPUUsage{Index: 0, Name: "NVIDIA A100-SXM4-80GB", Utilization: 87, Memory: 40536 << 20, MemoryTotal: 81920 << 20, Power: 312.44, Temperature: 61}
	for _, c := range []struct {
		name, gpus, apps string
		pids             []int
		want             []backends.GPUUsage
	}{
		{"ours is the first", twoGPUs, apps, []int{4000, 4121}, []backends.GPUUsage{a100}},
		{"none is ours", twoGPUs, apps, []int{1}, nil},
		{"the driver hides whose it is", twoGPUs, "", []int{4121}, []backends.GPUUsage{a100}},
		{"figures are missing", small, "4121, GPU-1\n", []int{4121}, []backends.GPUUsage{
			{Index: 0, Name: "NVIDIA GeForce MX150", Memory: 120 << 20, MemoryTotal: 2002 << 20, Temperature: 48},
		}},
		{"nothing", "", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseGPUs([]byte(c.gpus), []byte(c.apps), c.pids)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if _, err := ParseGPUs([]byte("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"), nil, nil); err == nil {
		t.Error("an error text was read as a table")
	}
}

func FuzzParseGPUs(f *testing.F) {
	f.Add([]byte(twoGPUs), []byte(apps))
	f.Add([]byte(small), []byte("\"x, y"))
	f.Fuzz(func(t *testing.T, gpus, apps []byte) {
		us, _ := ParseGPUs(gpus, apps, []int{4121})
		for _, u := range us {
			if u.Memory < 0 || u.MemoryTotal < 0 || u.Utilization < 0 || u.Power < 0 {
				t.Errorf("%+v", u)
			}
		}
	})
}

func TestGPUsAsksTheProgram(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if got, err := GPUs(context.Background(), nil); got != nil || err != nil {
		t.Errorf("without the program: %v, %v", got, err)
	}
	script := "#!/bin/sh\ncase $1 in --query-compute-apps=*) echo '4121, GPU-1';; *) echo '0, GPU-1, Tesla T4, 12, 300, 15360, 27.1, 44';; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "nvidia-smi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := GPUs(context.Background(), []int{4121})
	if err != nil || len(got) != 1 || got[0].Name != "Tesla T4" || got[0].Utilization != 12 {
		t.Errorf("%+v, %v", got, err)
	}
}
