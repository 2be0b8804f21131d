//go:build unix

package ipc

// SendLines sends several complete lines as one write, and keeps what the
// socket does not take, as Send does. It saves a system call for each line of
// an answer.
func (c *Conn) SendLines(lines []byte) error {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	if len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return ErrNotALine
	}
	return c.sendOrKeep(lines, nil, true)
}
