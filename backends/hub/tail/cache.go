package tail

import "sync"

const (
	cachedBlocks = 4
	cachedFlags  = 32
)

// loaded is a spilled block that was read back. It is never changed, and belongs to
// whoever holds it.
type loaded struct {
	first int64
	text  []byte
	meta  meta
}

type loadedFlags struct {
	first int64
	flags []uint8
}

// cache is the blocks that were read last, newest first.
type cache struct {
	mu     sync.Mutex
	blocks []*loaded
	flags  []*loadedFlags
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks, c.flags = nil, nil
}

// load is a spilled block, from the cache or the file.
func (c *cache) load(f File, b *view) (*loaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, l := range c.blocks {
		if l.first == b.first {
			copy(c.blocks[1:i+1], c.blocks[:i])
			c.blocks[0] = l
			return l, nil
		}
	}
	raw := make([]byte, b.length)
	if err := readAt(f, raw, b.at); err != nil {
		return nil, err
	}
	l := &loaded{first: b.first, text: raw[:b.size:b.size], meta: decode(raw[b.size:], b.n, b.marks)}
	c.blocks = append([]*loaded{l}, c.blocks[:min(len(c.blocks), cachedBlocks-1)]...)
	return l, nil
}

// levels is the flags of a spilled block.
func (c *cache) levels(f File, b *view) ([]uint8, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, l := range c.flags {
		if l.first == b.first {
			copy(c.flags[1:i+1], c.flags[:i])
			c.flags[0] = l
			return l.flags, nil
		}
	}
	flags := make([]uint8, b.n)
	if err := readAt(f, flags, b.at+int64(b.size)+4*int64(b.n)); err != nil {
		return nil, err
	}
	c.flags = append([]*loadedFlags{{b.first, flags}}, c.flags[:min(len(c.flags), cachedFlags-1)]...)
	return flags, nil
}
