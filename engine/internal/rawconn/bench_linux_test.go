package rawconn

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What the worker's side of a short request costs, on a pair of sockets: the
// connection is made, read, asked for its addresses as net/http does, written
// and closed. "nothing" is the pair and its client alone.
func BenchmarkShortRequest(b *testing.B) {
	text, buf := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), make([]byte, 4096)
	for name, makeConn := range map[string]func(fd int) (net.Conn, error){
		"nothing": nil,
		"net":     Net,
		"here":    func(fd int) (net.Conn, error) { return New("unix", fd, Known{}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
				if err != nil {
					b.Fatal(err)
				}
				if _, errno := send(fds[0], text); errno != 0 {
					b.Fatal(errno)
				}
				if makeConn == nil {
					_ = closeFD(fds[1])
				} else {
					c, err := makeConn(fds[1])
					if err != nil {
						b.Fatal(err)
					}
					if _, err := c.Read(buf); err != nil {
						b.Fatal(err)
					}
					_, _ = c.LocalAddr(), c.RemoteAddr()
					if _, err := c.Write(text); err != nil {
						b.Fatal(err)
					}
					if err := c.Close(); err != nil {
						b.Fatal(err)
					}
				}
				_ = closeFD(fds[0])
			}
		})
	}
}
