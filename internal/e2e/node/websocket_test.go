//go:build linux

package node

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"muster/internal/e2e/kit"
)

// webSocket is as much of RFC 6455 as the tests need: short text frames.
type webSocket struct {
	net.Conn
	r *bufio.Reader
}

func dialWebSocket(addr string) (*webSocket, error) {
	c, err := net.DialTimeout("tcp", addr, kit.Patience)
	if err != nil {
		return nil, err
	}
	w := &webSocket{c, bufio.NewReader(c)}
	if err := w.upgrade(addr); err != nil {
		c.Close()
		return nil, err
	}
	return w, nil
}

func (w *webSocket) upgrade(addr string) error {
	if err := w.SetDeadline(time.Now().Add(kit.Patience)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	if err != nil {
		return err
	}
	res, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade: status %s", res.Status)
	}
	return nil
}

// ask sends a text of at most 125 bytes and reads one frame.
func (w *webSocket) ask(text string) (string, error) {
	// The mask is zero, which leaves the text as it is.
	frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	if _, err := w.Write(frame); err != nil {
		return "", err
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(w.r, head); err != nil {
		return "", err
	}
	if head[0] != 0x81 || head[1] > 125 {
		return "", fmt.Errorf("a frame that starts with % x", head)
	}
	body := make([]byte, head[1])
	_, err := io.ReadFull(w.r, body)
	return string(body), err
}
