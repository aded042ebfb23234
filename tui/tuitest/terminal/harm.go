package terminal

import "os"

// Block makes the terminal take nothing more, as one does whose line is dead: the
// program's writes stand still once the kernel's buffer is full.
func (p *Program) Block() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
		p.gate = make(chan struct{})
	default: // it is blocked already
	}
}

// Unblock undoes Block: what waited is read.
func (p *Program) Unblock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

func (p *Program) open() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate
}

// HangUp closes the terminal under the program, which the kernel tells with HUP.
func (p *Program) HangUp() error {
	p.Unblock()
	return p.tty.Close()
}

// Signal sends the program a signal.
func (p *Program) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }
