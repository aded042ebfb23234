package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// writeEvents writes the event files, as torch's SummaryWriter would: a record for
// each point. It gives their size.
func writeEvents(root string) (size int64, err error) {
	for run := range eventRuns {
		dir := filepath.Join(root, fmt.Sprintf("run_%03d", run))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return size, err
		}
		f, err := os.Create(filepath.Join(dir, "events.out.tfevents.1700000000.host"))
		if err != nil {
			return size, err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		var record []byte
		for step := range eventPoints {
			for tag := range eventTags {
				record = scalarRecord(record[:0], fmt.Sprintf("train/metric_%d", tag), step)
				size += int64(len(record))
				if _, err := w.Write(record); err != nil {
					return size, err
				}
			}
		}
		if err := w.Flush(); err != nil {
			return size, err
		}
		if err := f.Close(); err != nil {
			return size, err
		}
	}
	return size, nil
}

// scalarRecord is one point, framed.
func scalarRecord(to []byte, tag string, step int) []byte {
	value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), tag)
	value = protowire.AppendFixed32(protowire.AppendTag(value, 2, protowire.Fixed32Type), math.Float32bits(float32(math.Sin(float64(step)/100))))
	summary := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
	event := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(1_700_000_000+float64(step)/10))
	event = protowire.AppendVarint(protowire.AppendTag(event, 2, protowire.VarintType), uint64(step))
	event = protowire.AppendBytes(protowire.AppendTag(event, 5, protowire.BytesType), summary)
	sum := func(b []byte) uint32 {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return (c>>15 | c<<17) + 0xa282ead8
	}
	to = binary.LittleEndian.AppendUint64(to, uint64(len(event)))
	to = binary.LittleEndian.AppendUint32(to, sum(to))
	to = append(to, event...)
	return binary.LittleEndian.AppendUint32(to, sum(event))
}
