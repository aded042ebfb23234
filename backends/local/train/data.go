package train

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the digits
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
)

//go:embed data/digits.csv.gz
var digitsCSV []byte

// data is a labelled set and its split. Digits have pixels, sentiment has words.
type data struct {
	name, source, digest string
	classes              []string
	pixels               [][]float64 // 0..1
	texts                []string
	y                    []int
	train, val, test     []int // places in y
}

func load(cfg Config) (*data, error) {
	if cfg.Task == "sentiment" {
		return sentiment(cfg), nil
	}
	return digits(cfg)
}

// greys is how dark a pixel of the digits can be.
const greys = 16

func digits(cfg Config) (*data, error) {
	z, err := gzip.NewReader(bytes.NewReader(digitsCSV))
	if err != nil {
		return nil, fmt.Errorf("read the digits: %w", err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the digits: %w", err)
	}
	sum := sha256.Sum256(digitsCSV)
	d := &data{
		name: "digits", source: "digits.csv.gz", digest: "sha256:" + hex.EncodeToString(sum[:]),
		classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	}
	for _, row := range rows {
		x := make([]float64, len(row)-1)
		for i := range x {
			v, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read the digits: %w", err)
			}
			x[i] = v / greys
		}
		y, err := strconv.Atoi(row[len(row)-1])
		if err != nil || y < 0 || y > 9 {
			return nil, fmt.Errorf("read the digits: label %q", row[len(row)-1])
		}
		d.pixels, d.y = append(d.pixels, x), append(d.y, y)
	}
	d.split(cfg.SplitSeed, 0.70, 0.15)
	return d, nil
}

// split deals each class out to training, validation and test, the last getting
// what is left, in the order of the data within each.
func (d *data) split(seed int, train, val float64) {
	r := newPCG(uint64(seed), forSplit)
	part := make([]uint8, len(d.y))
	for class := range d.classes {
		var of []int
		for i, y := range d.y {
			if y == class {
				of = append(of, i)
			}
		}
		r.shuffle(of)
		a := int(math.Round(train * float64(len(of))))
		b := a + int(math.Round(val*float64(len(of))))
		for k, i := range of {
			switch {
			case k >= b:
				part[i] = 2
			case k >= a:
				part[i] = 1
			}
		}
	}
	for i, p := range part {
		to := [...]*[]int{&d.train, &d.val, &d.test}[p]
		*to = append(*to, i)
	}
}
